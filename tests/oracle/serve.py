#!/usr/bin/env python3
"""Answers for tests/model.rs what librsync_model.py makes of random inputs.

Request: five big-endian u32 (magic, block length, strong length, lengths of old and new), old, new.
Answer: signature, delta and patched result, each after its length as u32.
"""
import struct, sys

import librsync_model as model

requests, answers = sys.stdin.buffer, sys.stdout.buffer
while header := requests.read(20):
    magic, block_len, strong_len, old_len, new_len = struct.unpack('>5I', header)
    old, new = requests.read(old_len), requests.read(new_len)
    signature = model.signature(old, magic, block_len, strong_len)
    delta = model.delta(signature, new)
    for answer in signature, delta, model.patch(old, delta):
        answers.write(struct.pack('>I', len(answer)) + answer)
    answers.flush()
