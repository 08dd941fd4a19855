"""What faiss takes for the work of evaluate.Evaluate: exact search of all rows among all, and k-means with its last assignment.

time_faiss.py FOLDER ROWS DIM CLUSTERS K: reads FOLDER/rows.f32, writes FOLDER/assignment.i64 and FOLDER/neighbours.i64, prints seconds as JSON.
"""
import json
import sys
import time

import faiss
import numpy as np

folder, n, dim, clusters, k = sys.argv[1], *map(int, sys.argv[2:])
x = np.fromfile(folder + "/rows.f32", np.float32).reshape(n, dim)


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def search():
    index = faiss.IndexFlatIP(dim)
    index.add(x)
    return index.search(x, k + 1)[1]


def cluster():
    means = faiss.Kmeans(dim, clusters, seed=1)
    means.train(x)
    return means.index.search(x, 1)[1]


neighbours, search_wall, search_cpu = timed(search)
assignment, cluster_wall, cluster_cpu = timed(cluster)
neighbours.astype(np.int64).tofile(folder + "/neighbours.i64")
assignment.astype(np.int64).tofile(folder + "/assignment.i64")
print(json.dumps({"search": search_wall, "search_cpu": search_cpu, "clusters": cluster_wall, "clusters_cpu": cluster_cpu,
                  "threads": faiss.omp_get_max_threads(), "version": faiss.__version__}))
