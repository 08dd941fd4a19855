"""Prints as JSON what TensorBoard's own readers find in a log folder with one run: read.py LOGDIR RUN PROJECTOR_TENSOR."""

import base64
import json
import os
import sys
import types

from werkzeug.test import Client

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.plugins import base_plugin
from tensorboard.plugins.projector import projector_plugin
from tensorboard.util import tensor_util

logdir, run, name = sys.argv[1:]
path = os.path.join(logdir, run)
out = {}

# The classic reader, all events of every kind.
everything = event_accumulator.STORE_EVERYTHING_SIZE_GUIDANCE
events = event_accumulator.EventAccumulator(path, size_guidance=everything).Reload()
tags = events.Tags()
out["scalars"] = {t: [[e.step, e.value] for e in events.Scalars(t)] for t in tags["scalars"]}
out["images"] = {
    t: [[e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()] for e in events.Images(t)]
    for t in tags["images"]
}
out["histograms"] = {
    t: [
        dict(step=e.step, sum=e.histogram_value.sum, num=e.histogram_value.num, limits=e.histogram_value.bucket_limit, counts=e.histogram_value.bucket)
        for e in events.Histograms(t)
    ]
    for t in tags["histograms"]
}
out["graph"] = [
    dict(
        name=n.name,
        op=n.op,
        inputs=list(n.input),
        shape=[d.size for s in n.attr["_output_shapes"].list.shape[:1] for d in s.dim] if "_output_shapes" in n.attr else None,
    )
    for n in events.Graph().node
]

# The reader behind TensorBoard's pages.
page = plugin_event_accumulator.EventAccumulator(path).Reload()
out["page"] = {
    t: [[e.step, float(tensor_util.make_ndarray(e.tensor_proto))] for e in page.Tensors(t)]
    for t in page.Tags()["tensors"]
    if page.SummaryMetadata(t).plugin_data.plugin_name == "scalars"
}

# The projector's own server.
provider = types.SimpleNamespace(list_runs=lambda ctx, experiment_id: [types.SimpleNamespace(run_name=run)])
plugin = projector_plugin.ProjectorPlugin(base_plugin.TBContext(logdir=logdir, data_provider=provider))
apps = plugin.get_plugin_apps()


def ask(route, **query):
    reply = Client(apps[route]).get(route, query_string=dict(run=run, **query))
    if reply.status_code != 200:
        sys.exit("%s: %s" % (route, reply.get_data(as_text=True)))
    return reply.get_data()


out["config"] = json.loads(ask("/info"))
out["tensor"] = base64.b64encode(ask("/tensor", name=name)).decode()
out["labels"] = ask("/metadata", name=name).decode()
out["sprite"] = base64.b64encode(ask("/sprite_image", name=name)).decode()
json.dump(out, sys.stdout)
