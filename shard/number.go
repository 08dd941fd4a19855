package shard

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Variables are the environment variables that tell a process its number among those of a job, from 0: of a Slurm array, of a Kubernetes Indexed Job.
var Variables = []string{"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"}

// Number reads I/N, shard I of N, counted from 0, or N alone, where the number is that of one of Variables.
func Number(text string, environment func(string) string) (i, n int, err error) {
	number, of, found := strings.Cut(text, "/")
	from := "--shard"
	if !found {
		of = number
		for _, name := range Variables {
			if number = environment(name); number != "" {
				from = name
				break
			}
		}
		if number == "" {
			return 0, 0, fmt.Errorf("shard %q: which one of them is this? %s tell it, where a scheduler sets them; otherwise give I/N, from 0/N on", text, strings.Join(Variables, " and "))
		}
	}
	if n, err = strconv.Atoi(of); err != nil || n < 1 {
		return 0, 0, fmt.Errorf("shard %q: expected I/N, such as 0/16 for the first of 16", text)
	}
	if i, err = strconv.Atoi(number); err != nil {
		return 0, 0, fmt.Errorf("shard %q: the number of the shard is %q (%s), expected 0 to %d", text, number, from, n-1)
	}
	if i < 0 || i >= n {
		return 0, 0, errors.New(outOfRange(i, n, from))
	}
	return i, n, nil
}

func outOfRange(i, n int, from string) string {
	text := fmt.Sprintf("shard %d of %d (%s): shards are counted from 0 to %d", i, n, from, n-1)
	if from == Variables[0] {
		text += fmt.Sprintf(": sbatch --array=0-%d", n-1)
	}
	return text
}
