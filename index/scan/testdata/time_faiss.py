"""Answers faiss's exact search to a test in Go, one request a line, so that both sides are timed in turn on one machine:

    search FIRST COUNT K    the K nearest rows of queries FIRST.. by the inner product

Arguments: the rows and the queries (raw float32), the dimensions, the number of rows.
"""
import json
import sys
import time

import faiss
import numpy as np

rows_file, queries_file, dim, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
rows = np.fromfile(rows_file, "<f4").reshape(-1, dim)[:count]
queries = np.fromfile(queries_file, "<f4").reshape(-1, dim)
index = faiss.IndexFlatIP(dim)
index.add(rows)
print(json.dumps({"faiss": faiss.__version__, "options": faiss.get_compile_options(), "threads": faiss.omp_get_max_threads()}), flush=True)
for line in sys.stdin:
    numbers = [int(n) for n in line.split()[1:]]
    began, cpu = time.perf_counter(), time.process_time()
    first, n, k = numbers
    scores, ids = index.search(queries[first : first + n], k)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"seconds": took, "cpu": cpu, "ids": ids.tolist(), "scores": scores.astype(float).tolist()}), flush=True)
