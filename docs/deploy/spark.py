#!/usr/bin/env python3
"""Embeds in shards on the executors of Spark: spark-submit docs/deploy/spark.py RUN PHOTOGRAPHS all.npy 16

Paths are those that every executor sees. A shard that fails is tried again by Spark (spark.task.maxFailures); one that is done is skipped.
"""
import os
import shlex
import sys

from pyspark import SparkContext

run, photographs, out, shards = sys.argv[1:]
embed = shlex.join(["dvml", "embed", run, photographs, out, "--shard"])
# A partition per shard, which reads its number. Spark empties the environment of what it pipes to unless one is given.
command = shlex.join(["sh", "-c", f"read number && exec {embed} $number/{shards}"])
numbers = SparkContext().parallelize(range(int(shards)), int(shards))
for line in numbers.pipe(command, env=dict(os.environ), checkCode=True).collect():
    print(line)
os.execvp("dvml", ["dvml", "merge", out])
