"""Training steps of a GPT-2 in PyTorch, as nanoGPT takes them, or of a Llama. peers.ts starts this program with a size
as JSON, a number of threads and "eager" or "compiled" (torch.compile, which needs a C++ compiler). It reads numbers of
steps, one per line, and answers each with the seconds per step.
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, size):
        super().__init__()
        channels, self.heads = size["channels"], size["heads"]
        self.ln_1, self.ln_2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.fc, self.out = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x):
        batch, length, channels = x.shape
        parts = self.qkv(self.ln_1(x)).split(channels, dim=2)
        q, k, v = (p.view(batch, length, self.heads, -1).transpose(1, 2) for p in parts)
        if hasattr(F, "scaled_dot_product_attention"):  # PyTorch 2
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (channels // self.heads) ** -0.5
            later = torch.ones(length, length, dtype=torch.bool).triu(1)
            y = F.softmax(scores.masked_fill(later, float("-inf")), dim=-1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(batch, length, channels))
        hidden = F.gelu(self.fc(self.ln_2(x)), approximate="tanh")
        return x + self.out(hidden)


class Gpt(nn.Module):
    def __init__(self, size):
        super().__init__()
        channels, rows = size["channels"], size["paddedVocabSize"]
        self.wte, self.wpe = nn.Embedding(rows, channels), nn.Embedding(size["seqLen"], channels)
        self.blocks = nn.ModuleList(Block(size) for _ in range(size["layers"]))
        self.ln_f = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, rows, bias=False)
        nn.init.normal_(self.wte.weight, std=0.02)
        self.head.weight = self.wte.weight

    def forward(self, ids, targets):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.ln_f(x))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))


def rotated(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class LlamaBlock(nn.Module):
    def __init__(self, size):
        super().__init__()
        channels, hidden = size["channels"], size["hidden"]
        self.heads, self.key_heads, self.width = size["heads"], size["keyHeads"], size["headWidth"]
        total = (self.heads + 2 * self.key_heads) * self.width
        self.norm_1, self.norm_2 = nn.RMSNorm(channels, eps=1e-5), nn.RMSNorm(channels, eps=1e-5)
        self.qkv = nn.Linear(channels, total, bias=False)
        self.proj = nn.Linear(self.heads * self.width, channels, bias=False)
        self.gate_up, self.down = nn.Linear(channels, 2 * hidden, bias=False), nn.Linear(hidden, channels, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        qkv = self.qkv(self.norm_1(x)).view(batch, length, -1, self.width).transpose(1, 2)
        q, k, v = qkv.split([self.heads, self.key_heads, self.key_heads], dim=1)
        q, k = rotated(q, cos, sin), rotated(k, cos, sin)
        if self.key_heads < self.heads:
            k, v = (t.repeat_interleave(self.heads // self.key_heads, dim=1) for t in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(batch, length, -1))
        gate, up = self.gate_up(self.norm_2(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class Llama(nn.Module):
    def __init__(self, size):
        super().__init__()
        channels, width = size["channels"], size["headWidth"]
        self.wte = nn.Embedding(size["paddedVocabSize"], channels)
        self.blocks = nn.ModuleList(LlamaBlock(size) for _ in range(size["layers"]))
        self.norm = nn.RMSNorm(channels, eps=1e-5)
        self.head = nn.Linear(channels, size["paddedVocabSize"], bias=False)
        nn.init.normal_(self.wte.weight, std=0.02)
        self.head.weight = self.wte.weight
        angles = torch.outer(torch.arange(size["seqLen"]), 10000 ** (-torch.arange(0, width, 2) / width))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, ids, targets):
        x = self.wte(ids)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))


def open_model(size, compiled):
    torch.manual_seed(1)
    model = Llama(size) if "keyHeads" in size else Gpt(size)
    call = torch.compile(model) if compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1)
    ids = torch.randint(size["vocabSize"], (size["batch"], size["seqLen"] + 1))

    def step():
        loss = call(ids[:, :-1], ids[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    step()
    return step


torch.set_num_threads(int(sys.argv[2]))
step = open_model(json.loads(sys.argv[1]), sys.argv[3] == "compiled")
print(torch.__version__, flush=True)
for line in sys.stdin:
    before = time.perf_counter()
    for _ in range(int(line)):
        step()
    print((time.perf_counter() - before) / int(line), flush=True)
