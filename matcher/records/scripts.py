"""Any script -> ASCII text. Takes text, gives ASCII with the case kept where the script has one; refuses nothing.

Latin letters lose their accents, Cyrillic and Greek go by table, Indic scripts and kana and Hangul by the names that
Unicode gives their letters, Arabic by consonants, Chinese by a small table of name characters. A character that no
table knows becomes a fixed group of letters, so that two records in the same script still agree.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache


def _table(characters: str, spellings: str) -> dict[str, str]:
    return dict(zip(characters, spellings.split(","), strict=True))


_LATIN = _table("ßẞłŁøØæÆœŒđĐðÐþÞıİħĦŋŊəƏŧŦĸ", "ss,SS,l,L,o,O,ae,AE,oe,OE,d,D,d,D,th,TH,i,I,h,H,ng,NG,a,A,t,T,k")
_CYRILLIC = _table(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўјљњћђџ",
    "a,b,v,g,d,e,yo,zh,z,i,y,k,l,m,n,o,p,r,s,t,u,f,kh,ts,ch,sh,shch,,y,,e,yu,ya,i,yi,ye,g,u,j,lj,nj,c,dj,dz",
)
_GREEK = _table("αβγδεζηθικλμνξοπρσςτυφχψω", "a,v,g,d,e,z,i,th,i,k,l,m,n,x,o,p,r,s,s,t,y,f,ch,ps,o")
_ARABIC = _table(
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآؤئءپچژگکیہےںٹڈڑھۃ",
    "a,b,t,th,j,h,kh,d,dh,r,z,s,sh,s,d,t,z,a,gh,f,q,k,l,m,n,h,w,y,a,a,a,i,a,w,y,,p,ch,zh,g,k,i,h,e,n,t,d,r,h,a",
)
_HAN_READINGS = (
    "王wang 李li 张zhang 張zhang 刘liu 劉liu 陈chen 陳chen 杨yang 楊yang 黄huang 黃huang 赵zhao 趙zhao 吴wu 吳wu 周zhou "
    "徐xu 孙sun 孫sun 马ma 馬ma 朱zhu 胡hu 郭guo 何he 高gao 林lin 罗luo 羅luo 郑zheng 鄭zheng 梁liang 谢xie 謝xie 宋song "
    "唐tang 许xu 許xu 韩han 韓han 冯feng 馮feng 邓deng 鄧deng 曹cao 彭peng 曾zeng 肖xiao 萧xiao 蕭xiao 田tian 董dong 袁yuan "
    "潘pan 蔡cai 蒋jiang 蔣jiang 余yu 于yu 杜du 叶ye 葉ye 程cheng 苏su 蘇su 魏wei 吕lu 呂lu 丁ding 任ren 沈shen 姚yao 卢lu "
    "盧lu 傅fu 钟zhong 鍾zhong 姜jiang 崔cui 谭tan 譚tan 廖liao 范fan 汪wang 陆lu 陸lu 金jin 石shi 戴dai 贾jia 韦wei 夏xia "
    "邱qiu 方fang 侯hou 邹zou 熊xiong 孟meng 秦qin 白bai 江jiang 阎yan 薛xue 尹yin 段duan 雷lei 黎li 史shi 龙long 龍long "
    "陶tao 贺he 顾gu 毛mao 郝hao 龚gong 邵shao 万wan 钱qian 严yan 莫mo 孔kong 向xiang 汤tang 文wen 伟wei 偉wei 芳fang 娜na "
    "秀xiu 英ying 敏min 静jing 靜jing 丽li 麗li 强qiang 強qiang 磊lei 军jun 軍jun 洋yang 勇yong 艳yan 艷yan 杰jie 傑jie "
    "娟juan 涛tao 濤tao 明ming 超chao 兰lan 蘭lan 霞xia 平ping 刚gang 剛gang 桂gui 玉yu 华hua 華hua 小xiao 红hong 紅hong "
    "建jian 国guo 國guo 春chun 梅mei 海hai 燕yan 雪xue 云yun 雲yun 飞fei 飛fei 鹏peng 婷ting 宇yu 浩hao 轩xuan 子zi 涵han "
    "欣xin 怡yi 嘉jia 佳jia 俊jun 博bo 志zhi 慧hui 琳lin 晓xiao 曉xiao 东dong 東dong 美mei 玲ling 家jia 天tian 安an 德de"
)
_HAN = {pair[0]: pair[1:] for pair in _HAN_READINGS.split()}
_MARKS = dict.fromkeys("’‘ʼ`´′ʻ‛＇", "'") | dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("“”„«»", '"')
_INDIC = (
    "DEVANAGARI",
    "GURMUKHI",
    "GUJARATI",
    "BENGALI",
    "TAMIL",
    "TELUGU",
    "KANNADA",
    "MALAYALAM",
    "SINHALA",
    "ORIYA",
)
_SPELT = {"CA": "cha", "CHA": "chha", "SSA": "sha", "VOCALIC R": "ri", "ANUSVARA": "n", "BINDI": "n", "TIPPI": "n"}


def mended(text: str) -> str:
    """UTF-8 that was once read as cp1252 ("JosÃ©") put right; other text as it came."""
    if "Ã" in text or "Â" in text or "â€" in text or "Å" in text:
        try:
            return text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            return text
    return text


def to_ascii(text: str) -> str:
    """`text` in ASCII letters, digits and punctuation; transliterated scripts without case come in lower case."""
    if text.isascii():
        return text
    out: list[str] = []
    inherent = False  # an Indic consonant's own "a", unsaid before a vowel sign, a virama or the end of the word
    for character in unicodedata.normalize("NFKC", mended(text)).replace("ου", "ou").replace("ού", "ou"):
        kind, letters = ("", character) if character.isascii() else _letters(character)
        if inherent and kind == "consonant":
            out.append("a")
        inherent = kind == "consonant" or (inherent and kind == "mark")
        out.append(letters)
    return "".join(out)


def is_han(text: str) -> bool:
    """Whether the text is two to four Chinese characters and nothing else: then the family name stands first."""
    return 2 <= len(text) <= 4 and all("㐀" <= character <= "鿿" for character in text)


@lru_cache(maxsize=20_000)
def _letters(character: str) -> tuple[str, str]:
    """(kind, ASCII) of one character; kinds: consonant, vowel sign, mark, or empty."""
    for table in (_LATIN, _MARKS, _HAN, _ARABIC):
        if character in table:
            return "", table[character]
    low = character.lower()
    for table in (_CYRILLIC, _GREEK):
        if low in table:
            return "", table[low] if low == character else table[low].capitalize()
    name = unicodedata.name(character, "")
    if name.startswith(_INDIC):
        return _indic(name)
    if name.startswith(("HANGUL SYLLABLE", "HIRAGANA", "KATAKANA", "ETHIOPIC SYLLABLE")):
        return "", "".join(letter for letter in name.split()[-1].lower() if "a" <= letter <= "z")
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if part.isascii())
    if plain:
        return "", plain
    base = unicodedata.normalize("NFD", character)[0]
    if base != character:
        return _letters(base)
    category = unicodedata.category(character)
    if category[0] == "L":
        return "", "u" + "".join(chr(ord("g") + int(digit, 16)) for digit in f"{ord(character):x}")
    if category == "Nd":
        return "", str(unicodedata.digit(character))
    return ("mark", "") if category[0] == "M" else ("", " " if category[0] in "ZC" else "")


def _indic(name: str) -> tuple[str, str]:
    sound = name.split(" LETTER ")[-1] if " LETTER " in name else name.split(" SIGN ")[-1].removeprefix("GURMUKHI ")
    if " VOWEL SIGN " in name or sound in ("VIRAMA", "AL-LAKUNA"):
        return "vowel sign", "" if " VOWEL SIGN " not in name else _vowel(sound)
    if " LETTER " not in name:
        return "mark", _SPELT.get(sound, "")
    if sound in _SPELT and not sound.endswith("A"):
        return "", _SPELT[sound]
    if sound[0] in "AEIOU":
        return "", _vowel(sound)
    spelt = _SPELT.get(sound, sound.lower())
    if not spelt.endswith("a"):
        return "", "".join(letter for letter in spelt if "a" <= letter <= "z")
    consonant = spelt[:-1]
    return "consonant", consonant[1:] if len(consonant) > 1 and consonant[0] == consonant[1] else consonant


def _vowel(sound: str) -> str:
    return _SPELT.get(sound) or {"AA": "a", "II": "i", "UU": "u", "EE": "e", "OO": "o"}.get(
        sound, sound.lower().split()[-1]
    )
