#!/usr/bin/env python3
"""Makes the example of docs/formats.md, "Exchange", from what is written there, and prints it.

usage: example.gen.py
"""
from hashlib import blake2b

SALT = bytes(16)
DATA = b"Hello, world!"
PRIME = 2**61 - 1


def blake2b_256(data):
    return blake2b(data, digest_size=32).digest()


def sealed(message, answered=b""):
    return message + blake2b_256(answered + message)[:8]


def root(data):
    leaves = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    sums = b"".join(blake2b_256(leaf) for leaf in leaves)
    return blake2b_256(sums + len(data).to_bytes(8, "little"))


def var(*numbers):
    out = bytearray()
    for number in numbers:
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)
    return bytes(out)


def rice(number, parameter):
    bits = [1] * (number >> parameter) + [0]
    bits += [number >> place & 1 for place in range(parameter)]
    groups = [bits[at : at + 8] for at in range(0, len(bits), 8)]
    return bytes(sum(bit << place for place, bit in enumerate(group)) for group in groups)


def fine_sum(block, sum_len):
    digest = blake2b(digest_size=8, key=SALT, person=b"sigdelta fine\0\0\0").digest()
    point = int.from_bytes(digest, "little") % (PRIME - 2) + 2
    value = 0
    for byte in block:
        value = (value * point + byte + 1) % PRIME
    for shift, factor in [(30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)]:
        value = (value ^ value >> shift) * factor % 2**64
    value ^= value >> 31
    return value.to_bytes(8, "little")[:sum_len]


# One chunk of 13 bytes: the number of 13 - 1024 is 2 * 1011 - 1.
signature = b"\x8fsds" + bytes([1, 4, 2, 10]) + SALT + var(512, 1024, 4096, len(DATA)) + root(DATA)
signature += rice(2021, 10) + blake2b(DATA, digest_size=16, key=SALT).digest()[:4]
request = sealed(b"\x8fsdq" + bytes([1, 3]) + SALT + var(64, len(DATA), 2, 0, 5, 2, 6))
sums = b"\x8fsdf" + bytes([1]) + fine_sum(DATA[0:5], 3) + fine_sum(DATA[7:13], 3)
for message in [sealed(signature), request, sealed(sums, request)]:
    print(message.hex())
