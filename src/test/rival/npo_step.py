"""Times an NPO step of a Llama in PyTorch, eager, as it is usually written: a forward pass of the frozen reference model over
the forget rows in every step. The only Python of this project: a rival for unlearn4j bench, used where PyTorch is installed.

Prints one JSON object: step_ms (median), tokens_per_second, device_memory_mb, ...
"""

import argparse
import json
import math
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        h = x.float()
        h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-5)
        return h * self.weight


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


def attention(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    t = q.shape[-2]  # before PyTorch 2.0
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    mask = torch.full((t, t), float("-inf"), device=q.device).triu(1)
    return (scores.float() + mask).softmax(-1).to(v.dtype) @ v


class Block(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.heads, self.kv_heads, self.width = o.heads, o.kv_heads, o.hidden // o.heads
        self.input_norm = RMSNorm(o.hidden)
        self.q = nn.Linear(o.hidden, o.heads * self.width, bias=False)
        self.k = nn.Linear(o.hidden, o.kv_heads * self.width, bias=False)
        self.v = nn.Linear(o.hidden, o.kv_heads * self.width, bias=False)
        self.o = nn.Linear(o.heads * self.width, o.hidden, bias=False)
        self.mlp_norm = RMSNorm(o.hidden)
        self.gate = nn.Linear(o.hidden, o.ffn, bias=False)
        self.up = nn.Linear(o.hidden, o.ffn, bias=False)
        self.down = nn.Linear(o.ffn, o.hidden, bias=False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        h = self.input_norm(x)
        q = self.q(h).view(b, t, self.heads, self.width).transpose(1, 2)
        k = self.k(h).view(b, t, self.kv_heads, self.width).transpose(1, 2)
        v = self.v(h).view(b, t, self.kv_heads, self.width).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        groups = self.heads // self.kv_heads
        if groups > 1:
            k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        a = attention(q.to(v.dtype), k.to(v.dtype), v)
        x = x + self.o(a.transpose(1, 2).reshape(b, t, -1))
        h = self.mlp_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.embed = nn.Embedding(o.vocab, o.hidden)
        self.blocks = nn.ModuleList(Block(o) for _ in range(o.layers))
        self.norm = RMSNorm(o.hidden)
        width = o.hidden // o.heads
        frequencies = 1.0 / 10000 ** (torch.arange(0, width, 2) / width)
        angles = torch.outer(torch.arange(o.tokens), frequencies)
        self.register_buffer("cos", torch.cat((angles, angles), -1).cos(), persistent=False)
        self.register_buffer("sin", torch.cat((angles, angles), -1).sin(), persistent=False)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids):
        t = ids.shape[1]
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, self.cos[:t], self.sin[:t])
        return F.linear(self.norm(x), self.embed.weight)  # tied


def token_nll(model, ids):
    logits = model(ids)[:, :-1].float()
    nll = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return nll.view(ids.shape[0], -1)


def used_mb():
    """Memory in use on all cards, by the driver's tool, as unlearn4j bench asks for it."""
    try:
        text = subprocess.run(
            ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, check=True).stdout
        return sum(int(line) for line in text.split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def main():
    parser = argparse.ArgumentParser()
    for name in ("hidden", "layers", "heads", "kv-heads", "ffn", "vocab", "rows", "tokens"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--beta", type=float, default=0.1)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    o = parser.parse_args()

    before = used_mb()
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False  # float32 means float32, as in unlearn4j
    policy = Llama(o).to(o.device)
    reference = Llama(o).to(o.device).requires_grad_(False)
    reference.load_state_dict(policy.state_dict())
    optimiser = torch.optim.AdamW(policy.parameters(), lr=1e-5, weight_decay=0.01)
    forget = torch.randint(o.vocab, (o.rows, o.tokens), device=o.device)
    retain = torch.randint(o.vocab, (o.rows, o.tokens), device=o.device)

    def step():
        with torch.autocast(o.device, torch.bfloat16, enabled=o.precision == "bf16"):
            with torch.no_grad():
                frozen = token_nll(reference, forget).sum(-1)
            both = token_nll(policy, torch.cat((forget, retain)))
        nll = both[: o.rows].sum(-1)
        npo = -2 / o.beta * F.logsigmoid(o.beta * (nll - frozen)).mean()
        loss = npo + both[o.rows:].mean()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss.item()  # waits for the device

    for _ in range(5):
        step()
    times = []
    for _ in range(o.steps):
        start = time.perf_counter()
        loss = step()
        times.append((time.perf_counter() - start) * 1e3)
    after = used_mb()
    median = statistics.median(times)
    result = {
        "step_ms": round(median, 2),
        "fastest_ms": round(min(times), 2),
        "tokens_per_second": round(2 * o.rows * o.tokens / median * 1e3, 1),
        "parameters": sum(p.numel() for p in policy.parameters()),
        "precision": o.precision,
        "device": torch.cuda.get_device_name() if o.device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "final_loss": loss if math.isfinite(loss) else str(loss),
    }
    if o.device == "cuda":
        result["allocated_mb"] = torch.cuda.max_memory_allocated() // 2**20
        if before is not None and after is not None:
            result["device_memory_mb"] = after - before
    print(json.dumps(result))


if __name__ == "__main__":
    main()
