package server

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Every curl line of docs/serve.md does what it says.
func TestDocumentedCommands(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	text, err := os.ReadFile("../docs/serve.md")
	must(t, err)
	x := served(t, &colours{}, 20)
	var item itemView
	x.get("/v1/items/1").expect(t, 200).json(t, &item)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "a.jpg"), picture(31), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "b.jpg"), picture(32), 0o644))
	n := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		n++
		c := exec.Command("bash", "-c", strings.Replace(strings.Replace(line, "localhost:7654", strings.TrimPrefix(x.http.URL, "http://"), 1), "curl", curl, 1))
		c.Dir = dir
		c.Env = append(os.Environ(), "DVML_TOKEN="+testToken, "HASH="+item.Hash)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s%v: %s", line, err, out)
		}
	}
	if n < 10 {
		t.Errorf("%d lines", n)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "vector.f32")); err != nil || len(raw) != 4*48 {
		t.Errorf("vector.f32: %d bytes, %v", len(raw), err)
	}
	// Routes that the table names are there.
	doc, err := document()
	must(t, err)
	for _, path := range regexp.MustCompile("/v1/[a-z_/{}.]+").FindAllString(string(text), -1) {
		if doc.Paths.Value(strings.TrimSuffix(path, ".")) == nil {
			t.Errorf("docs/serve.md names %s, which openapi.json does not have", path)
		}
	}
}

// The manifest has the fields that Kubernetes knows, and its probes and arguments are those of this server.
func TestKubernetesManifest(t *testing.T) {
	text, err := os.ReadFile("../docs/deploy/kubernetes.yaml")
	must(t, err)
	parts := bytes.Split(text, []byte("\n---\n"))
	if len(parts) != 2 {
		t.Fatalf("%d documents", len(parts))
	}
	var deployment appsv1.Deployment
	var service corev1.Service
	must(t, yaml.UnmarshalStrict(parts[0], &deployment))
	must(t, yaml.UnmarshalStrict(parts[1], &service))
	pod := deployment.Spec.Template
	c := pod.Spec.Containers[0]
	if deployment.Kind != "Deployment" || service.Kind != "Service" || c.Args[0] != "serve" {
		t.Errorf("%s %s %v", deployment.Kind, service.Kind, c.Args)
	}
	for k, v := range deployment.Spec.Selector.MatchLabels {
		if pod.Labels[k] != v || service.Spec.Selector[k] != v {
			t.Errorf("the selector %s=%s does not meet the pod's labels", k, v)
		}
	}
	if service.Spec.Ports[0].TargetPort.StrVal != c.Ports[0].Name {
		t.Error("the service has no port of the pod's")
	}
	doc, err := document()
	must(t, err)
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		if doc.Paths.Value(probe.HTTPGet.Path) == nil || probe.HTTPGet.Port.StrVal != c.Ports[0].Name {
			t.Errorf("a probe asks %s at %s", probe.HTTPGet.Path, probe.HTTPGet.Port.String())
		}
	}
	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("volume %s is mounted and not there", m.Name)
		}
	}
}
