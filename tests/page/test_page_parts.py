"""The page's modules by themselves, in a page of the gateway: what needs no camera to be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

_VERDICT = """async ([line, said, last, earlier, rate]) => {
  const { verdict } = await import("/static/verdict.js");
  return verdict({ line, said, last, earlier, rate, now: 100_000 });
}"""


def test_a_picture_is_live_only_while_pictures_come(page: Any) -> None:
    rows: list[tuple[list[Any], tuple[str, float | None]]] = [
        (["opening", None, None, None, 0], ("connecting", None)),
        (["open", "connecting", None, None, 0], ("connecting", None)),
        (["open", "idle", None, None, 0], ("idle", None)),
        (["open", "live", 99_000, None, 15], ("live", 1.0)),
        (["open", "live", 97_900, None, 15], ("stalled", 2.1)),
        # A slow stream has more time, four of its intervals.
        (["open", "live", 97_900, None, 1], ("live", 2.1)),
        (["open", "live", 95_900, None, 1], ("stalled", 4.1)),
        # The gateway knows better, and at once.
        (["open", "stalled", 99_900, None, 15], ("stalled", 0.1)),
        (["open", "failed", 99_900, None, 15], ("failed", 0.1)),
        (["open", "refused", None, None, 0], ("refused", None)),
        # Who comes late is told how old the last picture is.
        (["open", "stalled", None, 90_000, 0], ("stalled", 10.0)),
        # Without a connection nothing is live.
        (["opening", "live", 99_900, None, 15], ("connecting", 0.1)),
        (["asleep", "live", 99_900, None, 15], ("connecting", 0.1)),
        (["waiting", "live", 99_900, None, 15], ("away", 0.1)),
        (["refused", "live", 99_900, None, 15], ("signIn", 0.1)),
    ]
    for arguments, (kind, age) in rows:
        found = page.evaluate(_VERDICT, arguments)
        assert (found["kind"], found["age"]) == (kind, pytest.approx(age)), arguments


@pytest.mark.parametrize(("rate", "to"), [(8000, 44_100), (8000, 48_000), (48_000, 8000)])
def test_resampling_keeps_a_tone_and_has_no_seams(page: Any, rate: int, to: int) -> None:
    found = page.evaluate(
        """async ([from, to]) => {
          const { Resampler } = await import("/static/resample.js");
          const tone = Float32Array.from({ length: from / 4 }, (_, at) =>
            Math.sin((2 * Math.PI * 440 * at) / from));
          const pieces = (size) => {
            const resampler = new Resampler(from, to);
            const out = [];
            for (let at = 0; at < tone.length; at += size) {
              out.push(...resampler.push(tone.subarray(at, at + size)));
            }
            return out;
          };
          return [pieces(tone.length), pieces(7), pieces(160)];
        }""",
        [rate, to],
    )
    whole = np.array(found[0])
    # Float64 sums of where it is differ in their last bits.
    for cut in found[1:]:
        assert abs(len(cut) - len(whole)) <= 1
        assert np.abs(np.array(cut[: len(whole)]) - whole[: len(cut)]).max() < 1e-4
    assert len(whole) == pytest.approx(to / 4, abs=20)
    # Least squares: how much of it is no tone of that pitch.
    steady = whole[len(whole) // 4 : -len(whole) // 4]
    angle = 2 * np.pi * 440 * np.arange(len(steady)) / to
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, steady, rcond=None)[0]
    assert np.sqrt(np.mean((steady - fit) ** 2)) < 0.005
    assert np.sqrt(np.mean(fit**2)) == pytest.approx(np.sqrt(0.5), rel=0.02)


_PLAY = """async ([seconds, skew, jitter]) => {
  const { Player } = await import("/static/sound.js");
  const context = {
    currentTime: 0,
    sampleRate: 48_000,
    createBuffer: (channels, length) => ({ length, copyToChannel() {} }),
    createBufferSource: () => ({
      connect() {},
      disconnect() {},
      stop() {},
      start(at) { pieces.push([at, this.buffer.length]); },
    }),
  };
  const pieces = [];
  const player = new Player(context, null);
  let random = 1;
  const margins = [];
  for (let at = 0; at * 0.02 < seconds; at += 1) {
    random = (random * 48271) % 2147483647;
    context.currentTime = at * 0.02 * (1 + skew) + (jitter * random) / 2147483647;
    player.play(new Float32Array(160), 8000);
    margins.push(player.margins.numbers.at(-1));
  }
  return { gaps: player.gaps, margins, pieces };
}"""


@pytest.mark.parametrize("skew", [-0.003, 0.0, 0.003])
def test_two_clocks_that_differ_make_neither_gaps_nor_delay(page: Any, skew: float) -> None:
    """Three in a thousand: 11 seconds an hour, far more than any camera's."""
    played = page.evaluate(_PLAY, [60, skew, 0.01])
    assert played["gaps"] == 0
    margins = np.array(played["margins"][100:])
    assert margins.min() > 0.01
    assert margins.max() < 0.08
    # The pieces follow each other to the sample.
    begins = [round(begin * 48_000) for begin, _ in played["pieces"]]
    ends = [begin + length for begin, (_, length) in zip(begins, played["pieces"], strict=True)]
    assert begins[1:] == ends[:-1]


def test_a_network_that_hesitates_makes_few_gaps(page: Any) -> None:
    played = page.evaluate(_PLAY, [60, 0.0, 0.08])
    assert 0 < played["gaps"] <= 5
    assert np.median(played["margins"][-500:]) < 0.2


def test_both_languages_say_everything(page: Any) -> None:
    english, german = page.evaluate(
        """async () => {
          const { LANGUAGES } = await import("/static/words.js");
          const shape = (words) => typeof words === "string"
            ? [...words.matchAll(/\\{\\w+\\}/g)].map(String).sort()
            : Object.fromEntries(Object.entries(words).map(([key, one]) => [key, shape(one)]));
          return [shape(LANGUAGES.en.words), shape(LANGUAGES.de.words)];
        }"""
    )
    assert english == german


def test_a_place_has_a_name_that_a_camera_can_take(page: Any) -> None:
    found = page.evaluate(
        """async (names) => {
          const { carried } = await import("/static/places.js");
          return names.map(carried);
        }""",
        ["Front gate", " Ställe und Höfe ", "São Tomé", "Straße"],
    )
    assert found == ["Front_gate", "Staelle_und_Hoefe", "Sao_Tome", "Strasse"]
