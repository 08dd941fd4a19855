# Reads what TestPython wrote with the libraries that people use, prints it as JSON, and writes files as those libraries do.
import json, sys, os
import duckdb, h5py, numpy as np, pandas as pd, pyarrow as pa, pyarrow.parquet as pq
from safetensors.numpy import load_file, save_file
from safetensors import safe_open

dir = sys.argv[1]
at = lambda name: os.path.join(dir, name)
out = {}
text = lambda column: ["" if v is None or v != v else v for v in column]


def put(name, rows, paths, classes, hashes):
    out[name] = {"Rows": np.asarray(rows, np.float32).tolist(), "Paths": list(paths), "Classes": text(classes), "Hashes": list(hashes)}


for name in "x.npy", "half.npy":
    beside = pd.read_csv(at(name[:-4] + ".labels.csv"))
    put(name, np.load(at(name)), beside["path"], beside["class"], beside["hash"])
t = pd.read_csv(at("x.csv"))
put("x.csv", t.iloc[:, 3:].to_numpy(np.float32), t["path"], t["class"], t["hash"])
t = pd.read_parquet(at("x.parquet"))
put("x.parquet", np.stack(t["embedding"]), t["path"], t["class"], t["hash"])
assert pq.read_table(at("x.parquet")).schema.field("embedding").type.value_type == pa.float32()
rows = duckdb.sql(f"select embedding, path, class, hash from '{at('x.parquet')}'").fetchall()
put("x.parquet by duckdb", *zip(*rows))
rows = duckdb.sql(f"select * from read_csv('{at('x.csv')}', header=true) where class is not null").fetchall()
assert len(rows) == 32 and all(isinstance(r[3], float) for r in rows), rows[0]
nearest = "select path, list_cosine_similarity(embedding, (select embedding from t limit 1)) as s from t order by s desc limit 1"
(found, s), = duckdb.sql(f"with t as (from '{at('x.parquet')}') {nearest}").fetchall()
assert found == rows[0][0].replace(" 1.jpg", " 0.jpg") and s > 0.9999, (found, s)
for name in "x.h5", "half.h5":
    with h5py.File(at(name)) as f:
        assert f["embeddings"].dtype == (np.float16 if name == "half.h5" else np.float32)
        put(name, f["embeddings"][()], *(f[k].asstr()[()] for k in ("paths", "classes", "hashes")))
for name in "x.safetensors", "half.safetensors":
    t = load_file(at(name))
    names = json.loads(safe_open(at(name), "numpy").metadata()["classes"])
    ends, paths = t["path_offsets"], t["paths"].tobytes()
    put(name, t["embeddings"], [paths[a:b].decode() for a, b in zip(ends, ends[1:])], [names[l] if l >= 0 else "" for l in t["labels"]], [h.tobytes().hex() for h in t["hashes"]])
print(json.dumps(out))

n, dim = 40, 5
x = (np.arange(n)[:, None] + np.arange(dim)[None] / 8).astype(np.float32)
labels = np.arange(n) % 6
np.save(at("made-f4.npy"), x)
np.save(at("made-f8.npy"), x.astype(np.float64))
np.save(at("made-f2.npy"), x.astype(np.float16))
np.save(at("made-big.npy"), x.astype(">f4"))
np.save(at("made-fortran.npy"), np.asfortranarray(x))
t = pd.DataFrame(x, columns=[f"e{d}" for d in range(dim)])
t.to_csv(at("made-bare.csv"), index=False, header=False)
t.insert(0, "label", labels)
t.to_csv(at("made.csv"), index=False)
t.to_parquet(at("made-columns.parquet"))
pd.DataFrame({"label": labels, "vector": list(x.astype(np.float64))}).to_parquet(at("made-lists.parquet"))
with h5py.File(at("made.h5"), "w") as f:
    f["features"], f["labels"] = x, labels
save_file({"embeddings": x, "labels": labels.astype(np.int64)}, at("made.safetensors"))
np.save(at("labels.npy"), labels)
np.save(at("labels-text.npy"), labels.astype(str))
np.save(at("labels-bytes.npy"), labels.astype("S"))
pd.DataFrame({"label": labels}).to_csv(at("labels.csv"), index=False)
pd.DataFrame({"label": labels}).to_parquet(at("labels.parquet"))
open(at("labels.txt"), "w").write("".join(f"{l}\n" for l in labels))
