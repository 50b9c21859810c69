#!/usr/bin/env python3
"""Trains LeNet-5 on the digits of this folder, makes integers of it, and writes lenet5.h and reference.json.

Needs numpy alone; takes a few minutes. Seeds are fixed: with the same numpy and BLAS the files come out the same.

The network: images of 32 x 32 pixels (each of the 8 x 8 repeated 4 x 4 times), convolution 5 x 5 to 6 channels, 2 x 2
maximum, convolution 5 x 5 to 16 channels, 2 x 2 maximum, fully connected layers of 120, 84 and 10; ReLU between them.
Values lie row by row with the channel innermost; a convolution is a product of patches (row, column, channel) x weights.

In integers: weights of 8 bits, symmetric, one scale a layer; activations 0..127; biases and sums of 32 bits;
activation = clamp((sum * scale + (1 << (shift - 1))) >> shift, 0, 127), as the CiM device requantises. The last layer's
sums are the logits; the label is that of the first of the largest.
"""
import json
import pathlib
import sys

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
TRAINING_IMAGES = 1347  # the first rows of digits.csv; the others are for testing
PIXEL = 7               # a pixel of 0..16 becomes an activation of 0..112
SEED = 2
EPOCHS = 40
BATCH = 32
RATE = 1e-3
SCALE_BITS = 15  # of requantisation: more change nothing

# Name, inputs of a sum (K), outputs (N).
LAYERS = [("conv1", 25, 6), ("conv2", 150, 16), ("fc1", 400, 120), ("fc2", 120, 84), ("fc3", 84, 10)]


def patches(x, size=5):
    """All size x size patches of x[image, row, column, channel]: [image, row, column, K]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    return np.ascontiguousarray(windows).reshape(*windows.shape[:3], -1)


def patches_back(gradient, shape, size=5):
    """The gradient of x from that of its patches."""
    result = np.zeros(shape, gradient.dtype)
    images, rows, columns, channels = shape
    gradient = gradient.reshape(images, rows - size + 1, columns - size + 1, size, size, channels)
    for i in range(size):
        for j in range(size):
            result[:, i:i + rows - size + 1, j:j + columns - size + 1] += gradient[:, :, :, i, j]
    return result


def pool(x):
    """The largest of each 2 x 2."""
    images, rows, columns, channels = x.shape
    return x.reshape(images, rows // 2, 2, columns // 2, 2, channels).max(axis=(2, 4))


def pool_back(gradient, x, y):
    """The gradient of x from that of y = pool(x); equals share it."""
    def grown(a):
        return a.repeat(2, axis=1).repeat(2, axis=2)
    largest = (x == grown(y)).astype(x.dtype)
    images, rows, columns, channels = x.shape
    count = largest.reshape(images, rows // 2, 2, columns // 2, 2, channels).sum(axis=(2, 4))
    return largest * grown(gradient / count)


def forward(network, x):
    """Logits, and what backward needs."""
    (w1, b1), (w2, b2), *full = network
    p1 = patches(x)
    y1 = np.maximum(p1 @ w1 + b1, 0)
    s1 = pool(y1)
    p2 = patches(s1)
    y2 = np.maximum(p2 @ w2 + b2, 0)
    s2 = pool(y2)
    values = [s2.reshape(len(x), -1)]
    for i, (w, b) in enumerate(full):
        y = values[-1] @ w + b
        values.append(np.maximum(y, 0) if i < len(full) - 1 else y)
    return values[-1], (p1, y1, s1, p2, y2, s2, values)


def backward(network, kept, gradient):
    """Gradients of all weights and biases from that of the logits."""
    p1, y1, s1, p2, y2, s2, values = kept
    gradients = []
    for i in reversed(range(2, len(network))):
        x = values[i - 2]
        gradients.insert(0, (x.T @ gradient, gradient.sum(axis=0)))
        gradient = gradient @ network[i][0].T
        if i > 2:
            gradient = gradient * (x > 0)
    gradient = pool_back(gradient.reshape(s2.shape), y2, s2) * (y2 > 0)
    flat = gradient.reshape(-1, gradient.shape[-1])
    gradients.insert(0, (p2.reshape(-1, p2.shape[-1]).T @ flat, flat.sum(axis=0)))
    gradient = patches_back(gradient @ network[1][0].T, s1.shape)
    gradient = pool_back(gradient, y1, s1) * (y1 > 0)
    flat = gradient.reshape(-1, gradient.shape[-1])
    gradients.insert(0, (p1.reshape(-1, p1.shape[-1]).T @ flat, flat.sum(axis=0)))
    return gradients


def shifted(images, random):
    """Images of 32 x 32 moved by up to two pixels in both directions."""
    result = np.empty_like(images)
    moves = random.integers(-2, 3, (len(images), 2))
    for target, image, (rows, columns) in zip(result, images, moves):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
        target[:] = padded[2 + rows:34 + rows, 2 + columns:34 + columns]
    return result


def train(images, labels):
    random = np.random.default_rng(SEED)
    network = [(random.normal(0, np.sqrt(2 / k), (k, n)).astype(np.float32), np.zeros(n, np.float32))
               for _, k, n in LAYERS]
    moments = [[(np.zeros_like(v), np.zeros_like(v)) for v in layer] for layer in network]
    step = 0
    for epoch in range(EPOCHS):
        rate = RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        loss = 0.0
        order = random.permutation(len(images))
        for begin in range(0, len(order), BATCH):
            chosen = order[begin:begin + BATCH]
            logits, kept = forward(network, shifted(images[chosen], random))
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            rows = np.arange(len(chosen))
            loss -= float(np.log(shares[rows, labels[chosen]] + 1e-12).sum())
            shares[rows, labels[chosen]] -= 1
            gradients = backward(network, kept, (shares / len(chosen)).astype(np.float32))
            step += 1
            for layer, (values, derivatives) in enumerate(zip(network, gradients)):  # Adam
                for i, (value, derivative) in enumerate(zip(values, derivatives)):
                    first, second = moments[layer][i]
                    first += 0.1 * (derivative - first)
                    second += 0.001 * (derivative * derivative - second)
                    value -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        print(f"epoch {epoch + 1}: loss {loss / len(images):.4f}", file=sys.stderr, flush=True)
    return network


def quantise(network, images):
    """Integers of the network: (weights, bias, scale, shift) a layer; the last one has no scale."""
    _, (_, y1, _, _, y2, _, values) = forward(network, images)
    largest = [float(y.max()) for y in (y1, y2, values[1], values[2])]  # of a layer's outputs
    unit = 1 / (16 * PIXEL)  # of an integer activation
    result = []
    for i, (w, b) in enumerate(network):
        weight_unit = float(np.abs(w).max()) / 127
        weights = np.rint(w / weight_unit).astype(np.int64)
        bias = np.rint(b / (weight_unit * unit)).astype(np.int64)
        scale = shift = 0
        if i < len(largest):
            out_unit = largest[i] / 127
            factor = weight_unit * unit / out_unit
            shift = SCALE_BITS - 1 - int(np.floor(np.log2(factor)))
            scale = int(np.rint(factor * 2.0**shift))
            unit = out_unit
        result.append((weights, bias, scale, shift))
    return result


def integer_logits(network, images):
    """Exact: what the device computes."""
    def layer(x, weights, bias, scale, shift):
        sums = x @ weights + bias
        if shift == 0:
            return sums
        return np.clip((sums * scale + (1 << (shift - 1))) >> shift, 0, 127)
    conv1, conv2, *full = network
    x = pool(layer(patches(images), *conv1))
    x = pool(layer(patches(x), *conv2)).reshape(len(images), -1)
    for values in full:
        x = layer(x, *values)
    return x


def write_header(network):
    def table(kind, name, values):
        lines, line = [], "   "
        for value in values:
            word = f" {value},"
            if len(line) + len(word) > 120:
                lines.append(line)
                line = "   "
            line += word
        return f"static const {kind} {name}[] = {{\n" + "\n".join(lines + [line]) + "\n};\n"
    with open(FOLDER / "lenet5.h", "w") as out:
        out.write("/* LeNet-5 in integers, written by train.py, which tells how it computes. Weights: K x N, row by row. */\n"
                  "/* clang-format off */\n#ifndef LENET5_H\n#define LENET5_H\n\n#include <stdint.h>\n\n"
                  f"#define LENET5_TRAINING_IMAGES {TRAINING_IMAGES} /* first rows of digits.csv */\n"
                  f"#define LENET5_PIXEL {PIXEL} /* a pixel of 0..16 times this is an activation */\n")
        for (name, k, n), (weights, bias, scale, shift) in zip(LAYERS, network):
            out.write(f"\n#define LENET5_{name.upper()}_K {k}\n#define LENET5_{name.upper()}_N {n}\n")
            if shift:
                out.write(f"#define LENET5_{name.upper()}_SCALE {scale}\n#define LENET5_{name.upper()}_SHIFT {shift}\n")
            out.write(table("int8_t", f"lenet5_{name}_weights", weights.ravel()))
            out.write(table("int32_t", f"lenet5_{name}_bias", bias))
        out.write("\n#endif\n")


def main():
    rows = np.genfromtxt(FOLDER / "digits.csv", delimiter=",", usecols=range(65), dtype=int)
    labels = rows[:, 64]
    pixels = rows[:, :64].reshape(-1, 8, 8, 1).repeat(4, axis=1).repeat(4, axis=2)
    scaled = (pixels / 16).astype(np.float32)
    split = TRAINING_IMAGES
    network = train(scaled[:split], labels[:split])
    integers = quantise(network, scaled[:split])
    write_header(integers)

    truth = labels[split:]
    float_labels = forward(network, scaled[split:])[0].argmax(axis=1)
    found = integer_logits(integers, pixels[split:].astype(np.int64) * PIXEL)
    found_labels = found.argmax(axis=1)
    checksum = 0  # of all logits in order, as the firmware reports it
    for logit in found.ravel():
        checksum = (31 * checksum + int(logit)) % 2**32
    report = {
        "test_images": len(truth),
        "float_right": int((float_labels == truth).sum()),
        "integer_right": int((found_labels == truth).sum()),
        "checksum": checksum,
        "logits_of_first_image": found[0].tolist(),
        "labels": found_labels.tolist(),
    }
    text = json.dumps(report, indent=1)
    with open(FOLDER / "reference.json", "w") as out:
        out.write(text.replace(",\n  ", ", ").replace("[\n  ", "[").replace("\n ]", "]") + "\n")
    for name in ("float_right", "integer_right"):
        print(f"{name}: {report[name]} of {len(truth)} = {report[name] / len(truth):.4f}")


if __name__ == "__main__":
    main()
