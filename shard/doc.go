// Package shard cuts a long job into shards that run wherever the user's scheduler puts them, and knows when all of them are done.
//
// A job has a folder. Its plan (plan.json) says what the job is: the list of inputs by its digest, the number of shards, the model, the options. Every shard
// makes the same plan from its own command line, and the first one writes it; a shard whose plan is another is refused by the name of what differs, so that
// parts of two jobs are never taken for one. Shards have equal numbers of inputs, to
// within a block: inputs that go through a network together do so in shards too, and the result has the same bits.
//
// A shard writes its part under another name, syncs it, renames it, and then leaves a marker (part-00003.json) with the part's size and SHA-256. A shard that has
// a marker is done and is skipped; one that was killed leaves none and runs again. Nothing is ever changed by two processes, so a folder that all machines see is
// all that a job needs.
package shard
