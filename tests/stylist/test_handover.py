"""Hand-written messages, each with the marks that a store manager would set."""

import pytest

from concierge.stylist.handover import marks_of

PERSON = """
I'd like to speak to a person
can i talk to a human please
Could someone from the boutique call me?
Is there a real person there?
get me a manager
human please
I want to chat with a stylist
Can you connect me with a sales associate?
let me talk to your supervisor
Please put me through to customer service
stop, I don't want to talk to a bot, give me an agent
May I speak with a member of your team?
are you a robot? I need to talk to someone
a person please
I would rather deal with a real person
call me on monday
can one of your stylists contact me?
transfer me to an advisor
I'd prefer to speak with someone in the store
Is it possible to reach an actual human?
Could I please have a human?
Who can I talk to about my bespoke suit?
is anybody there?
Let me speak with Camille from the boutique
Do you have a store manager I can email
operator
"""
COMPLAINT = """
I want to make a complaint
The bag arrived damaged
this is unacceptable
Your staff were very rude to me yesterday
I'm really disappointed with the quality
the heel broke after two days
The seam came apart on the first wear
you charged me twice
I want my money back
The colour faded after one wash
I received the wrong size
terrible service in your Paris shop
My coat has a hole in the sleeve and I bought it last week
the zip is broken
I am extremely unhappy with this purchase
this jumper has been pilling already
worst experience ever
The assistant was so dismissive
My ring was scratched when it arrived
I feel cheated, the lining is torn
your website is awful
I'm going to leave a bad review
i hate this, useless bot
The stitching on my tote has come loose
they ignored me in your shop
"""
ORDER = """
Where is my order?
when will my parcel arrive
I'd like to cancel my order
order number 48213
Can you track my delivery?
My package hasn't arrived
I ordered a dress last week and it still isn't here
Has my refund been processed?
Can I change the address on my order?
what's the status of my repair
I have not received my coat yet
I need to update the delivery address for my order
Is my order ready for pick up?
it's about order #A-20331
Do you have a tracking number for me?
my delivery is late
we bought two coats and only one came, where is the other
I returned the boots two weeks ago and haven't been refunded
Could you check my exchange?
Still waiting for my parcel
refund please
I never got my confirmation email
track order
I want to exchange the shoes I bought
can I get a refund for my bag?
What's happening with my alteration?
"""
NONE = """
I need a dress for a wedding
What goes with the moss coat?
Something for a person who has everything
a gift for someone special
I'd like to order the silk dress in 38
in order to match my shoes I need a bag
What is your return policy?
Do you ship to Japan?
How long does delivery take?
What are your opening hours?
can you repair a bag handle?
nothing too dressy, I need it for talking to clients
Do you have it in wool?
under 300 please
thank you so much
what would your stylist choose?
I want to look like a real human being at the office
show me boots for a broken-in look
distressed denim with rips
something my manager would approve of
Is the faded blue one available?
Can I return sale items?
I'm not happy with black, maybe navy
which personal touches do you offer on bags?
I bought your loafers last year and love them, what else is there?
does the scarf pill?
Do you exchange sizes?
a dress that someone tall can wear
I want something for my daughter who works in customer service
Tell me about the person who designs your bags
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("message", lines(PERSON))
def test_requests_for_a_person(message: str) -> None:
    assert "person" in marks_of(message)


@pytest.mark.parametrize("message", lines(COMPLAINT))
def test_complaints(message: str) -> None:
    assert "complaint" in marks_of(message)


@pytest.mark.parametrize("message", lines(ORDER))
def test_order_questions(message: str) -> None:
    assert "order" in marks_of(message)


@pytest.mark.parametrize("message", lines(NONE))
def test_shopping_is_left_alone(message: str) -> None:
    assert not marks_of(message)
