"""`ExchangeReader`: the streams of all conversations to requests and answers, in pairs.

Who asked is known by the SYN; where that is not captured, by what is sent.  An answer waits until
its request is known, since the packets of a file may stand in any order, and the request says what
the answer is to be; not for long, since the capture may have no requests at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from hamaproto.captures.answers import Answers
from hamaproto.captures.conversation import COST, Conversation, Half, Mark
from hamaproto.captures.direction import Emit
from hamaproto.captures.guess import begins_answer, begins_request
from hamaproto.captures.observed import Asked, Exchange, Place
from hamaproto.captures.questions import Questions
from hamaproto.captures.streams import CloseReason, Gap, GapReason
from hamaproto.commands import Reply
from hamaproto.limits import Limits

__all__ = ["ExchangeReader"]

#: Bytes of an answer that wait for its request, the cost of each packet included.
_MOST_EARLY: Final = 20 * 1024
#: Bytes that the readers of all conversations may hold together.
_MOST_PENDING: Final = 512 * 1024 * 1024
#: So often the account is made up: it is a sum over all conversations.
_ACCOUNT_EVERY: Final = 32 * 1024 * 1024
#: Bytes of memory that a request takes whose answer did not begin, about.
_COST_OF_QUESTION: Final = 2048

_Piece = tuple[Sequence[bytes], Sequence[Mark]]


class _Pair:
    """One conversation: its requests, its answers, and the exchanges between them."""

    __slots__ = (
        "answers",
        "early",
        "early_size",
        "open",
        "patient",
        "questions",
        "stray",
        "undecided",
    )

    def __init__(self, conversation: Conversation) -> None:
        #: For what is in no exchange.
        self.stray = Exchange(0, conversation)
        self.questions: Questions | None = None
        self.answers: Answers | None = None
        #: Requests whose answers did not begin yet.
        self.open: deque[Exchange] = deque()
        #: What came of an answer before its request.
        self.early: list[_Piece | Gap] = []
        self.early_size = 0
        #: Whether requests are to be expected.
        self.patient = True
        #: What came, by side, while nobody knows who asked.
        self.undecided: list[tuple[int, _Piece | Gap]] = []

    def held(self) -> int:
        """Bytes that are held, about."""
        held = self.early_size + len(self.open) * _COST_OF_QUESTION
        if self.answers is not None:
            held += self.answers.pending
        if self.questions is not None:
            held += self.questions.pending
        return held


class ExchangeReader:
    """A `Consumer` of a `TcpReassembler`; `emit` takes what is seen."""

    __slots__ = ("_emit", "_limits", "_pairs", "_received", "exchanges")

    def __init__(self, emit: Emit, limits: Limits) -> None:
        self._emit = emit
        self._limits = limits
        self._pairs: dict[Conversation, _Pair] = {}
        # Bytes since the account was made up.
        self._received = 0
        #: Exchanges so far.
        self.exchanges = 0

    def __repr__(self) -> str:
        return f"<ExchangeReader {self.exchanges} exchanges>"

    # -- what the reassembler tells

    def received(
        self, half: Half, offset: int, pieces: Sequence[bytes], marks: Sequence[Mark]
    ) -> None:
        """Pieces that follow one another, with the packet of each."""
        self._take(half, (pieces, marks))
        self._received += half.position - offset + COST * len(pieces)
        if self._received > _ACCOUNT_EVERY:
            self._received = 0
            self._account()

    def gap(self, half: Half, offset: int, length: int, reason: GapReason, mark: Mark) -> None:
        """Bytes are missing."""
        self._take(half, Gap(half.conversation, half.side, offset, length, reason))

    def closed(self, half: Half, reason: CloseReason) -> None:
        """Nothing more comes in this direction."""
        conversation = half.conversation
        pair = self._pairs.get(conversation)
        if pair is None:
            return
        over = conversation.halves[1 - half.side].over
        if over and conversation.client < 0 and pair.undecided:
            self._decide(conversation, pair, 0)
        if half.side == conversation.client:
            if pair.questions is not None:
                pair.questions.closed()
        elif pair.answers is not None and not pair.early:
            pair.answers.closed()
            pair.answers = None
        if over:
            self._flush(conversation, pair)
            if pair.answers is not None:
                pair.answers.closed()
            del self._pairs[conversation]

    # -- who says what

    def _take(self, half: Half, what: _Piece | Gap) -> None:
        conversation = half.conversation
        pair = self._pairs.get(conversation)
        if pair is None:
            pair = self._pairs[conversation] = _Pair(conversation)
        if conversation.client < 0:
            pair.undecided.append((half.side, what))
            if not isinstance(what, Gap):
                self._decide(conversation, pair, half.side)
            return
        if pair.undecided:
            self._replay(conversation, pair)
        self._route(conversation, pair, half.side, what)

    def _decide(self, conversation: Conversation, pair: _Pair, side: int) -> None:
        """Say who asked, by what this side has sent."""
        first = next(
            (w[0][0] for s, w in pair.undecided if s == side and not isinstance(w, Gap)), b""
        )
        if begins_request(first):
            conversation.client = side
        elif begins_answer(first):
            conversation.client = 1 - side
        else:  # a server listens at the lower port, as a rule
            ports = [conversation.endpoint(at).port for at in (0, 1)]
            conversation.client = 1 if ports[0] <= ports[1] else 0
        self._replay(conversation, pair)

    def _replay(self, conversation: Conversation, pair: _Pair) -> None:
        waiting, pair.undecided = pair.undecided, []
        for side, what in waiting:
            self._route(conversation, pair, side, what)

    def _route(
        self, conversation: Conversation, pair: _Pair, side: int, what: _Piece | Gap
    ) -> None:
        # What began before the capture began in its middle.
        joined = not conversation.halves[side].syn
        if side == conversation.client:
            if pair.questions is None:
                pair.questions = Questions(
                    lambda asked, reply, place: self._ask(conversation, pair, asked, reply, place),
                    self._emit,
                    self._limits,
                    pair.stray,
                    joined=joined,
                )
            if isinstance(what, Gap):
                pair.questions.gap(what)
            else:
                pair.questions.received(*what)
            if pair.open and pair.early:
                self._flush(conversation, pair)
            return
        if pair.answers is None:
            pair.answers = Answers(
                lambda: self._next_exchange(conversation, pair),
                self._emit,
                self._limits,
                pair.stray,
                joined=joined,
            )
        if pair.early or (pair.answers.idle and not pair.open and pair.patient):
            pair.early.append(what)
            pair.early_size += COST
            if not isinstance(what, Gap):
                pair.early_size += sum(map(len, what[0])) + COST * len(what[0])
            if pair.early_size > _MOST_EARLY:
                pair.patient = False
                self._flush(conversation, pair)
            return
        self._answer(pair, what)

    def _answer(self, pair: _Pair, what: _Piece | Gap) -> None:
        if pair.answers is not None:
            if isinstance(what, Gap):
                pair.answers.gap(what)
            else:
                pair.answers.received(*what)

    def _flush(self, conversation: Conversation, pair: _Pair) -> None:
        """Let what waited for a request go on."""
        waiting, pair.early = pair.early, []
        pair.early_size = 0
        for what in waiting:
            self._answer(pair, what)
        if waiting and pair.answers is not None:
            server = conversation.halves[1 - conversation.client]
            if server.over:
                pair.answers.closed()
                pair.answers = None

    # -- exchanges

    def _ask(
        self, conversation: Conversation, pair: _Pair, asked: Asked, reply: Reply, place: Place
    ) -> Exchange:
        self.exchanges += 1
        exchange = Exchange(self.exchanges, conversation, asked, None, reply, place)
        pair.open.append(exchange)
        self._received += _COST_OF_QUESTION
        pair.patient = True
        return exchange

    def _next_exchange(self, conversation: Conversation, pair: _Pair) -> Exchange:
        if pair.open:
            return pair.open.popleft()
        self.exchanges += 1
        return Exchange(self.exchanges, conversation)

    # -- memory

    def _account(self) -> None:
        """Keep what all readers hold within bounds: who holds more than the mean lets go."""
        held = [(pair.held(), conversation) for conversation, pair in self._pairs.items()]
        total = sum(size for size, _ in held)
        if total <= _MOST_PENDING:
            return
        for size, conversation in held:
            if size * len(held) >= total:
                pair = self._pairs[conversation]
                pair.patient = False
                self._flush(conversation, pair)
                if pair.answers is not None:
                    pair.answers.cut()
                if pair.questions is not None:
                    pair.questions.cut()
                pair.open.clear()
