package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/dvml/dvml/imageset/drawn"
)

// parsed reads a command line of serve.
func parsed(t *testing.T, args ...string) *serveCmd {
	t.Helper()
	var all cli
	parser, err := kong.New(&all, kong.Vars{"formats": "", "plans": ""})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"serve"}, args...)); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return &all.Serve
}

// certificateFiles writes a certificate for 127.0.0.1 and its key, and returns who trusts it.
func certificateFiles(t *testing.T, certificate, key string) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trusted := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	trusted.AddCert(leaf)
	return trusted
}

// From a folder of photographs to answers over HTTPS, as the command does it: the folder is
// indexed, a photograph is uploaded and found, a decision is written, and the command ends when it
// is told to.
func TestServeHTTPS(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if err := drawn.Draw(in("pictures"), drawn.Options{Classes: 6, PerClass: 4, Size: 48, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"prepare", in("pictures"), in("x.h5"), "--size", "48"},
		{"train", "--data", in("x.h5"), "-o", in("run"), "--preset", "laptop", "--set", "backbone.width=0.125", "--set", "image.crop=40",
			"--set", "batch={sampler: pxk, classes: 3, per_class: 2}", "--set", "evaluate.k=[1]",
			"--set", "phases=[{steps: 2, lambda: [1, 1, 0.1, 1], train_decoder: true, cut_reconstruction: true, samples: 1}]"}} {
		if status, _, messages := printed(t, args...); status != 0 {
			t.Fatalf("dvml %v: %s", args, messages)
		}
	}
	trusted := certificateFiles(t, in("cert.pem"), in("key.pem"))
	t.Setenv("DVML_TOKEN", "a-token")
	c := parsed(t, in("pictures"), "--model", in("run"), "--listen", "127.0.0.1:0", "--tls-cert", in("cert.pem"), "--tls-key", in("key.pem"), "--drain", "0s", "--log-level", "error")

	out := os.Stdout
	said, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = w
	defer func() { os.Stdout = out }()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	base := regexp.MustCompile(`https://127\.0\.0\.1:\d+`).FindString(line)
	if base == "" || !strings.HasSuffix(line, "/#token=a-token\n") {
		t.Fatalf("it says %q", line)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}}
	ask := func(method, path, kind string, body []byte, to any) *http.Response {
		t.Helper()
		r, err := http.NewRequest(method, base+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Authorization", "Bearer a-token")
		got, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		text, err := io.ReadAll(got.Body)
		if err == nil && to != nil && got.StatusCode == http.StatusOK {
			err = json.Unmarshal(text, to)
		}
		if err != nil {
			t.Fatalf("%s: %v: %s", path, err, text)
		}
		return got
	}
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var v struct {
			Model, Indexing any
			Index           struct{ Items int }
		}
		if ask("GET", "/v1/info", "", nil, &v); v.Model != nil && v.Indexing == nil && v.Index.Items == 24 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the folder is not indexed")
		}
	}
	paths, err := filepath.Glob(in("pictures/*/*"))
	if err != nil || len(paths) != 24 {
		t.Fatalf("%d pictures: %v", len(paths), err)
	}
	photograph, err := os.ReadFile(paths[7])
	if err != nil {
		t.Fatal(err)
	}
	var found struct {
		Hits []struct{ Item struct{ Path, Hash string } }
	}
	got := ask("POST", "/v1/search?k=3", "image/png", photograph, &found)
	if got.ProtoMajor != 2 || got.TLS == nil || got.TLS.Version < tls.VersionTLS12 {
		t.Errorf("%s over %v", got.Proto, got.TLS)
	}
	if len(found.Hits) != 3 || found.Hits[0].Item.Path != paths[7] {
		t.Fatalf("searched by %s: %v", paths[7], found)
	}
	if got := ask("POST", "/v1/decisions", "application/json", []byte(`{"kind": "odd", "a": "`+found.Hits[0].Item.Hash+`", "value": "odd"}`), nil); got.StatusCode != http.StatusOK {
		t.Errorf("a decision: %s", got.Status)
	}
	if got, err := http.Get("http" + strings.TrimPrefix(base, "https") + "/v1/info"); err == nil {
		got.Body.Close()
		if got.StatusCode != http.StatusBadRequest {
			t.Errorf("without TLS: %s", got.Status)
		}
	}
	if _, err := http.Get(base + "/v1/info"); err == nil {
		t.Error("a client that does not know the certificate took it")
	}
	client.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Every command line of `dvml serve` that the documents have is one that the program takes.
func TestServeDocumented(t *testing.T) {
	n := 0
	for _, name := range []string{"serve.md", "deploy/dvml.service", "deploy/Containerfile", "deploy/kubernetes.yaml"} {
		text, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !regexp.MustCompile(`^    dvml serve|ExecStart=|^CMD|args:`).MatchString(line) {
				continue
			}
			line, _, _ = strings.Cut(line, " #")
			_, line, _ = strings.Cut(line, "serve")
			args := strings.Fields(strings.NewReplacer(`"`, "", "]", "", ",", " ").Replace(line))
			parsed(t, args...)
			n++
		}
	}
	if n < 6 {
		t.Errorf("%d command lines", n)
	}
}

// systemd takes the unit, but for the program, which is not installed here.
func TestServeUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	text, err := os.ReadFile("../../docs/deploy/dvml.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "dvml.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(string(text), "/usr/local/bin/dvml", "/bin/true", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	if strings.Contains(string(out), "dvml.service:") || err != nil && len(out) == 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestServeRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{filepath.Join(dir, "none")}, "no such file"},
		{[]string{file}, "expected an index or a folder"},
		{[]string{dir}, "--model"},
		{[]string{dir, "--model", "m", "--max-batch", "0"}, "--max-batch"},
		{[]string{dir, "--model", "m", "--tls-cert", file}, "--tls-key"},
		{[]string{dir, "--model", "m", "--tls-cert", file, "--tls-key", file}, "--tls-cert"},
		{[]string{dir, "--model", "m", "--compare", dir}, "--compare"},
	} {
		if err := parsed(t, c.args...).Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v; want %s", c.args, err, c.want)
		}
	}
}
