"""What the program says to its user, in English and Chinese.

One catalogue, so that a line is worded once per language and a translator finds them all. Reasons found deep in a room
stay in the error they travel in; here are the lines around them and the common mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from voxcommons.base.errors import VoxError, one_line
from voxcommons.base.settings import MessageLanguage

_CATALOGUE: Mapping[str, tuple[str, str]] = {
    # The frame of an error line.
    "expected": ("expected {value}", "应为：{value}"),
    "found": ("found {value}", "实为：{value}"),
    "do": ("{value}", "办法：{value}"),
    "heading.error": ("error", "出错"),
    "heading.input": ("error", "输入有误"),
    "heading.corrupt": ("error", "文件损坏"),
    "heading.refused": ("refused", "已拒绝"),
    "heading.unknown_voice": ("error", "没有这个声音"),
    "heading.missing_extra": ("error", "缺少组件"),
    "heading.storage": ("error", "存储出错"),
    "heading.config": ("error", "设置有误"),
    "heading.cancelled": ("stopped", "已停止"),
    "heading.usage": ("error", "用法有误"),
    # Common problems, chosen by the field `key` of an error.
    "settings_wrong": ("the settings in the environment are wrong", "环境变量里的设置不对"),
    "disk_full": ("the disk is full", "磁盘已满"),
    "cannot_write": ("cannot write", "无法写入"),
    "cannot_read": ("cannot read", "无法读取"),
    "no_such_file": ("no such file", "找不到文件"),
    "no_such_voice": ("no such voice", "没有这个声音"),
    "no_such_sitting": ("no recordings under this code", "没有这个编号的录音"),
    "no_such_style": ("the voice has no such style", "这个声音没有这种风格"),
    "no_such_language": ("unknown language", "不认识的语言"),
    "no_such_word": ("this word cannot be spoken again by itself", "这个词不能单独重说"),
    "no_text": ("there is no text to speak", "没有可读的文字"),
    "silent_speech": ("the speech came out silent", "合成的语音没有声音"),
    "text_too_long": ("the text is too long", "文字太长"),
    "recording_empty": ("the recording is empty", "录音是空的"),
    "recording_too_short": ("the recording is too short", "录音太短"),
    "recording_silent": ("the recording holds no speech", "录音里没有人声"),
    "recording_rejected": ("the recording is not good enough", "录音质量不够好"),
    "too_little_speech": ("too little speech to tune on", "可用来训练的语音太少"),
    "tuning_refused": ("the tuning did harm and was not kept; the voice is as it was", "训练让声音变差，没有保留；声音仍是原样"),
    "not_a_recording": ("this is not a recording that can be read", "这不是能读取的录音"),
    "voice_damaged": ("the voice is damaged", "这个声音的文件已损坏"),
    "voice_exists": ("a voice of that name is already there", "同名的声音已经存在"),
    "library_missing": ("a library is not installed", "缺少一个程序库"),
    "verb_missing": ("this installation lacks that command", "当前安装不含这个命令"),
    # Lines of their own.
    "stopped": ("stopped; nothing half-written was left", "已停止，没有留下写了一半的文件"),
    "out_of_memory": ("not enough memory; close other programs or give less input", "内存不足，请关闭其他程序或减少输入"),
    "help_hint": ("see: {command} --help", "参见：{command} --help"),
    "spoken": ("{path}: {seconds:.1f} s of speech in {work_s:.1f} s (real-time factor {real_time_factor:.2f})",
               "{path}：{seconds:.1f} 秒语音，用时 {work_s:.1f} 秒（实时率 {real_time_factor:.2f}）"),
    "cloned": ("voice {name} is ready; try: vox speak \"Hello\" --voice {name} -o hello.wav",
               "声音 {name} 已就绪，试试：vox speak \"你好\" --voice {name} -o hello.wav"),
    "ready": ("ready to speak", "可以说话了"),
    "serving": ("serving at {address} (the studio is at {address}/studio; Ctrl-C stops it)",
                "已启动：{address}（录音室在 {address}/studio，按 Ctrl-C 停止）"),
    "serving_phones": ("for phones in this network: {address}\n{picture}\nthe browser warns once; its fingerprint must be: {fingerprint}",
                       "同一网络的手机请打开：{address}\n{picture}\n浏览器会提醒一次；指纹与此相同即可继续：{fingerprint}"),
    "not_ready": ("not ready to speak; see the lines marked above", "还不能说话，请看上面标出的各行"),
}  # fmt: skip


def say(key: str, lang: MessageLanguage, **fields: object) -> str:
    """The line named `key` in the user's language, with `fields` filled in.

    Raises:
        KeyError: if the catalogue has no such line, or the line needs a field that is missing.
    """
    english, chinese = _CATALOGUE[key]
    return (chinese if lang == "zh" else english).format(**fields)


def fields_of(key: str) -> frozenset[str]:
    """The fields a line needs; both languages need the same.

    Raises:
        KeyError: if the catalogue has no such line.
        ValueError: if the two languages differ.
    """
    english, chinese = ({name.partition(".")[0] for _, name, _, _ in Formatter().parse(line) if name} for line in _CATALOGUE[key])
    if english != chinese:
        raise ValueError(f"the languages of {key!r} need different fields: {sorted(english ^ chinese)}")
    return frozenset(english)


def keys() -> tuple[str, ...]:
    """All lines of the catalogue."""
    return tuple(_CATALOGUE)


def error_line(error: VoxError, lang: MessageLanguage) -> str:
    """An error as the one line its user reads.

    Chinese translates the frame and, where the error names a `key`, the problem; details keep the words they came with.
    """
    if lang == "en":
        return f"{say(f'heading.{error.heading}', 'en')}: {error}"
    key = str(error.fields.get("key", ""))
    problem = say(key, lang) if key in _CATALOGUE else one_line(error.problem)
    parts = [
        say(word, lang, value=one_line(value))
        for word, value in (("expected", error.expected), ("found", error.found), ("do", error.do))
        if value
    ]
    heading = say(f"heading.{error.heading}", lang)
    start = problem if heading == problem else f"{heading}：{problem}"
    return "；".join([start, *parts])
