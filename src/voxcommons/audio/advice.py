"""What is said to a person about their recording, in English and Chinese.

It is apart from the code that measures, so that every sentence a user may read about a recording stands
in one table and can be proof-read there. It must not know how anything is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# kind -> (English, Chinese); the fields in braces are filled by whoever raises the advice.
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "damaged": (
        "the file is damaged or cut off: {read_s:.1f} s could be read and only that part is used",
        "文件损坏或不完整：只读出 {read_s:.1f} 秒，仅使用这一部分",
    ),
    "long": (
        "the recording is {total_s:.0f} s long; only the best {used_s:.0f} s are used, from {start_s:.0f} s on",
        "录音长 {total_s:.0f} 秒；只使用其中最好的 {used_s:.0f} 秒，从第 {start_s:.0f} 秒开始",
    ),
    "not_finite": (
        "{count} samples were not numbers and were set to silence",
        "有 {count} 个采样点不是有效数字，已置为静音",
    ),
    "dead_channel": (
        "one channel is (nearly) silent; only the other one is used",
        "有一个声道几乎无声；只使用另一个声道",
    ),
    "opposite_channels": (
        "the two channels are mirror images and would cancel out; only the first one is used",
        "两个声道相位相反，相加会抵消；只使用第一个声道",
    ),
    "different_channels": (
        "the two channels differ strongly (perhaps two microphones or two people); they are mixed to one",
        "两个声道差别很大（可能是两个话筒或两个人）；已混合为单声道",
    ),
    "many_channels": (
        "the recording has {channels} channels; they are mixed to one",
        "录音有 {channels} 个声道；已混合为单声道",
    ),
    "narrow_band": (
        "the sound ends at {bandwidth_hz:.0f} Hz (telephone quality); the voice will sound dull, a 16 kHz or better recording is advised",
        "声音只到 {bandwidth_hz:.0f} Hz（电话音质）；声音会发闷，建议使用 16 kHz 或更高采样率重新录制",
    ),
    "clipped": (
        "{percent:.2f} % of the samples are clipped; move back from the microphone or lower the recording level",
        "{percent:.2f} % 的采样点削波失真；请离话筒远一点或调低录音音量",
    ),
    "noisy": (
        "speech is only {snr_db:.0f} dB above the noise, {needed_db:.0f} dB is good; move closer to the microphone or to a quieter place",
        "语音只比噪声高 {snr_db:.0f} dB，{needed_db:.0f} dB 以上为好；请靠近话筒，或换到更安静的地方",
    ),
    "too_noisy": (
        "record again: speech is {snr_db:.0f} dB above the noise and needs {needed_db:.0f} dB; move closer to the microphone, "
        "close the window, turn off fans and music",
        "请重新录音：语音只比噪声高 {snr_db:.0f} dB，需要 {needed_db:.0f} dB；请靠近话筒，关好门窗，关掉风扇和音乐",
    ),
    "too_clipped": (
        "record again: {percent:.1f} % of the samples are clipped; move back from the microphone or lower the recording level",
        "请重新录音：{percent:.1f} % 的采样点削波失真；请离话筒远一点，或调低录音音量",
    ),
    "ringing": (
        "the room rings (about {decay_s:.1f} s); move closer to the microphone, or to a smaller room with curtains, carpet or a bed",
        "房间有回声（约 {decay_s:.1f} 秒）；请靠近话筒，或换到有窗帘、地毯、床铺的小房间",
    ),
    "quiet": (
        "speech is very quiet ({level_dbfs:.0f} dBFS); speak closer to the microphone or raise the recording level",
        "说话声音太小（{level_dbfs:.0f} dBFS）；请靠近话筒或调高录音音量",
    ),
    "loud": (
        "speech is very loud ({level_dbfs:.0f} dBFS); lower the recording level a little",
        "说话声音太大（{level_dbfs:.0f} dBFS）；请把录音音量调低一些",
    ),
    "noise_suppression": (
        "{seconds:.1f} s are exactly zero: the device removes noise by itself, turn that off for a truer voice",
        "有 {seconds:.1f} 秒为绝对零：设备开启了降噪，关闭后声音更真实",
    ),
    "no_pause": (
        "there is hardly a pause in the recording; pause for a moment between sentences",
        "录音中几乎没有停顿；请在句子之间稍作停顿",
    ),
    "little_speech": (
        "only {seconds:.0f} s of speech were found; a minute gives a closer voice",
        "只找到 {seconds:.0f} 秒语音；一分钟左右的录音会更像本人",
    ),
    "several_speakers": (
        "more than one person seems to speak; a voice needs one, listen to it before you use it",
        "似乎不止一个人在说话；一个声音只能来自一个人，请先听一遍再使用",
    ),
    "take_silent": (
        "hardly anything was heard; check the microphone and read the sentence again",
        "几乎没有听到声音；请检查话筒，把句子再读一遍",
    ),
    "take_short": (
        "only {seconds:.1f} s of speech, too little for this sentence; read all of it, a little slower",
        "只有 {seconds:.1f} 秒语音，对这个句子来说太短；请完整地、稍慢一些再读",
    ),
    "take_long": (
        "{seconds:.1f} s of speech, much for this sentence; if you said something else, read it again",
        "有 {seconds:.1f} 秒语音，对这个句子来说偏长；如果读了别的内容，请再读一遍",
    ),
    "take_cut": (
        "speech touches the edge of the take; wait a moment before you begin and before you stop",
        "录音的开头或结尾碰到了语音；开始说话前和停止前请稍等片刻",
    ),
    "room_loud": (
        "the room is loud ({level_dbfs:.0f} dBFS while nobody speaks); close the window, turn off fans, or go to another room",
        "环境太吵（无人说话时 {level_dbfs:.0f} dBFS）；请关窗、关掉风扇，或换一个房间",
    ),
    "denoised": (
        "noise was lowered by {gain_db:.0f} dB because you asked for it; compare it with the recording, it may sound less natural",
        "已按要求降噪 {gain_db:.0f} dB；请与原录音对比，声音可能不够自然",
    ),
    "transcribed": (
        "the words were written down by {engine}; where they are wrong, give the right ones with --text",
        "文字由 {engine} 听写；如有错误，请用 --text 提供正确的文字",
    ),
    "fix_level": ("mended: the level is evened out", "已修正：音量已调整到统一水平"),
    "fix_pieces": ("mended: pieces that are clipped are left out where enough others remain", "已修正：在其余片段足够时，削波的片段不使用"),
    "fix_channel": ("mended: only the good channel is used", "已修正：只使用正常的声道"),
    "fix_rest": ("mended: only what could be read is used", "已修正：只使用可以读出的部分"),
    "offer_denoise": (
        "possible: --denoise lowers the noise; never by default, because it takes a little of the voice with it",
        "可选：--denoise 可以降噪；默认不做，因为会损失一些音色",
    ),
    "text_mismatch": (
        "the text does not seem to be what is said in the recording; the sounds are taken from the recording instead",
        "文本与录音内容似乎不一致；改为直接从录音中识别发音",
    ),
    "sounds_en": (
        "nobody said which language this is; it sounds like English. If it is another, say so: --lang, or "
        "`vox voices describe NAME --language`",
        "没有说明是哪种语言；听起来像英语。如果不是，请说明：--lang，或 vox voices describe 名称 --language",
    ),
    "sounds_zh": (
        "nobody said which language this is; it sounds like Mandarin, as Cantonese and Japanese do to this recogniser. If it is another, "
        "say so: --lang, or `vox voices describe NAME --language`",
        "没有说明是哪种语言；听起来像普通话，但本识别器也会把粤语和日语听成普通话。"
        "如果不是，请说明：--lang，或 vox voices describe 名称 --language",
    ),
    "language_unclear": (
        "which language is this? It was not said and could not be heard: give --lang, or `vox voices describe NAME --language`",
        "这是哪种语言？没有说明，也听不出来：请给出 --lang，或使用 vox voices describe 名称 --language",
    ),
    "text_unreadable": (
        "nothing in the text can be read; the sounds are taken from the recording instead",
        "文本中没有可读的内容；改为直接从录音中识别发音",
    ),
}

KINDS: Final = tuple(_SENTENCES)


@dataclass(frozen=True)
class Advice:
    """One thing a person should know about a recording.

    Attributes:
        kind: machine name, one of ``KINDS``.
        fields: the figures of the sentence, as pairs so that the value stays frozen and hashable.
    """

    kind: str
    fields: tuple[tuple[str, float | str], ...] = ()

    def text(self, language: str = "en") -> str:
        """The sentence in English, or in Chinese when ``language`` is ``"zh"``."""
        english, chinese = _SENTENCES[self.kind]
        return (chinese if language == "zh" else english).format(**dict(self.fields))

    def __str__(self) -> str:
        return self.text()


def advice(kind: str, **fields: float | str) -> Advice:
    """An :class:`Advice` with its figures given by name."""
    return Advice(kind, tuple(fields.items()))
