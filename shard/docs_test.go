package shard

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"
)

// The manifest is a Job by the API's own types, and asks each pod for as many shards as there are pods.
func TestKubernetesManifest(t *testing.T) {
	text, err := os.ReadFile("../docs/deploy/kubernetes-shards.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var job batchv1.Job
	if err := yaml.UnmarshalStrict(text, &job); err != nil {
		t.Fatal(err)
	}
	s := job.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || s.CompletionMode == nil || *s.CompletionMode != batchv1.IndexedCompletion || s.BackoffLimitPerIndex == nil {
		t.Errorf("it is not an indexed job that starts a pod again by its index: %s", text)
	}
	args := s.Template.Spec.Containers[0].Args
	at := slices.Index(args, "--shard")
	if at < 0 || args[at+1] != strconv.Itoa(int(*s.Completions)) {
		t.Errorf("%v in %d pods", args, *s.Completions)
	}
	if _, _, err := Number(args[at+1], func(name string) string { return map[string]string{"JOB_COMPLETION_INDEX": "15"}[name] }); err != nil {
		t.Error(err)
	}
	if err := yaml.UnmarshalStrict([]byte(strings.Replace(string(text), "PerIndex", "PerIndx", 1)), new(batchv1.Job)); err == nil {
		t.Error("a field that the API does not have is taken")
	}
}
