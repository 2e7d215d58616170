"""Writes the tokenizers beside this file and what the `tokenizers` library (0.23) and Jinja (3.1) make of texts and messages.

Run where both are installed: python3 make.py. Every tokenizer is trained here, on the text below, and small; `expected.json`
has for some texts the tokens with and without special tokens, and for random tokens the text without special ones.
`chats.json` has what every template of chats/ makes of every list of messages, or the sentence it refuses with.
"""

import json
import random
from datetime import datetime
from pathlib import Path

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
TEXT = """The quick brown fox jumps over the lazy dog, and the dog doesn't mind: it's 2024, isn't it?
Numbers are 1, 22, 333 and 4444; names are Zoë, Łukasz, Ольга and 小林. Thunder rolled over the thin hills
    def thing(self, there):
        return [each for each in there if each != 0]  # then the rest
""" * 8
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def template(bos, token):
    return processors.TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, token)])


def byte_level():
    """GPT-2's way; ChatML's tokens; one token that is added but not special."""
    it = Tokenizer(models.BPE())
    it.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    it.decoder = decoders.ByteLevel()
    it.post_processor = processors.ByteLevel(trim_offsets=False)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    it.train_from_iterator([TEXT], trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    it.add_tokens([AddedToken("<tool>", normalized=False)])
    return it, {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}


def llama3():
    """Split by a regular expression, then bytes; words of the vocabulary are taken whole; begins with a token."""
    it = Tokenizer(models.BPE(ignore_merges=True))
    it.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    it.decoder = decoders.ByteLevel()
    it.train_from_iterator([TEXT], trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    it.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])
    begin = it.token_to_id("<|begin_of_text|>")
    it.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template("<|begin_of_text|>", begin)])
    return it, {"bos_token": "<|begin_of_text|>", "eos_token": {"content": "<|end_of_text|>", "__type": "AddedToken"}}


def marked(prepend):
    """BPE over a whole text with marks for spaces and bytes for what it does not know, as of SentencePiece."""
    it = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    it.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    it.train_from_iterator([TEXT.replace("小林", "")], trainers.BpeTrainer(vocab_size=500, special_tokens=["<unk>", "<s>", "</s>", *BYTES], show_progress=False))
    data = json.loads(it.to_str())
    data["pre_tokenizer"] = None
    data["added_tokens"] = [each for each in data["added_tokens"] if not each["content"].startswith("<0x")]
    it = Tokenizer.from_str(json.dumps(data))
    it.post_processor = template("<s>", it.token_to_id("<s>"))
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if prepend:
        it.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        it.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)])
    else:
        it.normalizer = normalizers.Replace(" ", "▁")
        it.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        it.decoder = decoders.Sequence(steps)
    return it, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def unigram():
    it = Tokenizer(models.Unigram())
    it.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    it.pre_tokenizer = pre_tokenizers.Metaspace()
    it.decoder = decoders.Metaspace()
    it.train_from_iterator([TEXT], trainers.UnigramTrainer(vocab_size=300, special_tokens=["<s>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    it.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", it.token_to_id("</s>"))])
    return it, {"eos_token": "</s>"}


def splits():
    """Falcon's way of words and two more behaviors of Split."""
    it = Tokenizer(models.BPE())
    it.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"),
        pre_tokenizers.Split(Regex("[tT]h"), "merged_with_next"),
        pre_tokenizers.ByteLevel(add_prefix_space=True),
        pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated"),
        pre_tokenizers.Split("el", "merged_with_previous"),
        pre_tokenizers.Split(Regex("e|r"), "contiguous"),
    ])
    it.decoder = decoders.ByteLevel()
    it.train_from_iterator([TEXT], trainers.BpeTrainer(vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return it, {"eos_token": "<|end|>"}


KINDS = {
    "byte-level": byte_level,
    "llama3": llama3,
    "marked": lambda: marked(True),
    "marked-bare": lambda: marked(False),
    "unigram": unigram,
    "splits": splits,
}

TEXTS = [
    "",
    " ",
    "The lazy dog",
    "  two spaces, then\n\n\n  three lines\t\r\n",
    "it's 12345678 DOESN'T 1234 ²³ ٣٤",
    "Zoë ate 小林's 🍋🍋 café\u00a0naïve e\u0301",
    "a<s>b</s> <|im_start|>user\nhi<|im_end|>\n<tool> x <|eot_id|><|begin_of_text|>",
    "def thing(self):\n    return [0]  # ▁marks▁ <0x0A> <unk>",
    "--the---theel,then;;errelTHe Thorn eel!?",
    "x" * 50 + " " * 40 + "the " * 12,
]


def expected(it, seed):
    pick = random.Random(seed)
    size = it.get_vocab_size()
    lists = [[pick.randrange(size) for _ in range(pick.randrange(1, 24))] for _ in range(40)]
    words = ["the", "e", " ", "  ", "\n", "é", "林", "🍋", "\u00a0", "Zoë", "<tool>", "</s>", "1"]
    lists += [it.encode("".join(pick.choices(words, k=12))).ids for _ in range(40)]
    return {
        "encode": [{"text": text, "special": it.encode(text).ids, "plain": it.encode(text, add_special_tokens=False).ids} for text in TEXTS],
        "decode": [{"tokens": tokens, "text": it.decode(tokens, skip_special_tokens=True)} for tokens in lists],
    }


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def chats():
    """As transformers sets Jinja up."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    user, answer = {"role": "user", "content": " Hello\nyou "}, {"role": "assistant", "content": "Hi."}
    lists = [
        [user],
        [{"role": "system", "content": "Be brief."}, user],
        [{"role": "system", "content": "Be brief."}, user, answer, {"role": "user", "content": "Why?"}],
        [user, user],
        [answer],
    ]
    cases = []
    for path in sorted((HERE / "chats").glob("*.jinja")):
        compiled = environment.from_string(path.read_text())
        for messages in lists:
            case = {"template": path.name, "messages": messages}
            try:
                case["prompt"] = compiled.render(messages=messages, tools=None, documents=None, add_generation_prompt=True, bos_token="<s>", eos_token="</s>")
            except jinja2.exceptions.TemplateError as error:
                case["refusal"] = str(error)
            cases.append(case)
    return cases


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False) + "\n")


for seed, (name, make) in enumerate(KINDS.items()):
    it, config = make()
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    write(folder / "tokenizer.json", json.loads(it.to_str()))
    write(folder / "tokenizer_config.json", config)
    write(folder / "expected.json", expected(it, seed))
write(HERE / "chats.json", chats())
