#!/usr/bin/env python3
"""Writes digits.csv of the digits.csv.gz that scikit-learn ships: prepare.py digits.csv.gz > digits.csv

The original has the digits of one writer after another. Here the rows stand in an order drawn with a fixed seed, so that
the first TRAINING_IMAGES are the training set and the others the test set. A row ends with a comma: C programs #include
the file as the values of an array.
"""
import gzip
import sys

import numpy as np

rows = np.loadtxt(gzip.open(sys.argv[1], "rt"), delimiter=",").astype(int)
for row in rows[np.random.default_rng(1).permutation(len(rows))]:
    print(*row, sep=",", end=",\n")
