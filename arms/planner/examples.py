"""Goals of every common kind: a goal whose words tell nothing is of the kind of its nearest one."""

from collections.abc import Mapping

from arms.planner.shapes import Kind

EXAMPLES: Mapping[Kind, tuple[str, ...]] = {
    Kind.PROSE: (
        "Summarise this report",
        "A short summary of the meeting, please",
        "Minutes of today's call",
        "An email to the customer about the delay",
        "Turn these notes into a letter",
        "Reword this so that it sounds friendlier",
        "French version of this paragraph",
        "Three ideas for a birthday party",
        "Pros and cons of working from home",
        "A haiku about the sea",
        "The main points of the article",
        "Names and dates that occur in the text",
        "Proofreading of my essay",
        "Why is the sky blue?",
        "Tone of this review: positive or negative?",
        "A catchy title for my blog post",
        "Job advert for a nurse",
        "Bullet points from this paragraph",
    ),
    Kind.CODE: (
        "Python function that reverses a string",
        "A script that renames files",
        "Quicksort in Rust",
        "My program crashes with an IndexError",
        "Unit tests for the parser",
        "This loop never ends, what is wrong?",
        "A regular expression for postal codes",
        "SQL query for the ten best customers",
        "Make this class shorter and cleaner",
        "What does this code do?",
        "REST endpoint that returns the time",
        "Convert this JavaScript to TypeScript",
        "Binary search tree implementation",
        "Type hints for this module",
    ),
    Kind.RESEARCH: (
        "What do our documents say about travel expenses?",
        "Retention policy in the manual",
        "Find the clause about termination in the contracts we stored",
        "What did we decide about the logo, according to the minutes on file?",
        "Which of the uploaded papers mention side effects?",
        "The holiday rules from the employee handbook",
        "Look up the warranty terms",
        "Company guidelines on remote work",
        "Sources in our knowledge base for this claim",
    ),
    Kind.COMPUTE: (
        "Sum of the first hundred primes",
        "How many days are there between two dates?",
        "Compound interest on 1000 euros over ten years",
        "Prime factors of 1234567",
        "Simulation of a thousand dice rolls",
        "The 50th Fibonacci number",
        "Standard deviation of 3, 5, 8 and 13",
        "Sort these numbers: 9, 2, 7",
        "Probability of two sixes in four throws",
        "Run this program and show its output",
    ),
}
"""At least nine of each kind."""
