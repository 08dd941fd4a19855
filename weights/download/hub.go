package download

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/weights/onnxfile"
)

// EndpointVariable names the environment variable that moves the Hugging Face hub, as that project's own tools have it.
const EndpointVariable = "HF_ENDPOINT"

// Hub is a file of a model on the Hugging Face hub.
type Hub struct {
	Owner, Name string
	Revision    string // a branch, a tag or a commit
	File        string // its path in the repository; empty: the only ONNX file, or the one called model.onnx
}

var hubName = regexp.MustCompile(`^hf:([\w.-]+)/([\w.-]+)(?:@([^/@]+))?(?:/(.+))?$`)

// ParseHub reads hf:OWNER/REPO[@REVISION][/FILE]. Without a revision it is main.
func ParseHub(name string) (Hub, error) {
	m := hubName.FindStringSubmatch(name)
	if m == nil || !filepath.IsLocal(m[1]) || !filepath.IsLocal(m[2]) {
		return Hub{}, fmt.Errorf("download: %q: expected hf:OWNER/REPO[@REVISION][/FILE.onnx]", name)
	}
	h := Hub{Owner: m[1], Name: m[2], Revision: m[3], File: m[4]}
	if h.Revision == "" {
		h.Revision = "main"
	}
	if !filepath.IsLocal(filepath.FromSlash(h.Revision)) || h.File != "" && !filepath.IsLocal(filepath.FromSlash(h.File)) {
		return Hub{}, fmt.Errorf("download: %q: neither a revision nor a file of a repository leads out of it", name)
	}
	return h, nil
}

// listing is what the hub says of a revision: the commit, and its files.
type listing struct {
	Commit string      `json:"sha"`
	Files  []published `json:"siblings"`
}

type published struct {
	Name string `json:"rfilename"`
	Blob string `json:"blobId"` // the SHA-1 of git's blob
	LFS  *struct {
		SHA256 string `json:"sha256"`
	} `json:"lfs"`
}

// Fetch returns the path of the file in the cache, and downloads it, and the files that hold its
// weights apart, where they are not there. Each file's hash is checked against the hub's. What is
// in the cache is used without a network; the error where nothing is says which file to bring and
// where to put it.
func (h Hub) Fetch(ctx context.Context, o Options) (string, error) {
	if o.Folder == "" {
		var err error
		if o.Folder, err = CacheFolder(); err != nil {
			return "", err
		}
	}
	root := filepath.Join(o.Folder, "hf", h.Owner, h.Name)
	if brought := h.brought(root); brought != "" {
		return brought, nil
	}
	l, err := h.list(ctx, root, o)
	if err != nil {
		return "", err
	}
	main, err := h.choose(l)
	if err != nil {
		return "", err
	}
	file, err := h.fetch(ctx, root, l, main, o)
	if err != nil || !strings.EqualFold(path.Ext(main), ".onnx") {
		return file, err
	}
	m, err := onnxfile.Read(file)
	if err != nil {
		return "", fmt.Errorf("download: %s: %w", file, err)
	}
	for _, beside := range m.External() {
		if _, err := h.fetch(ctx, root, l, path.Join(path.Dir(main), filepath.ToSlash(beside)), o); err != nil {
			return "", err
		}
	}
	return file, nil
}

// brought is the path of a file that a person put into the cache, under the revision's own name; ""
// where there is none.
func (h Hub) brought(root string) string {
	if h.File == "" || isCommit(h.Revision) {
		return ""
	}
	file := filepath.Join(root, filepath.FromSlash(h.Revision), filepath.FromSlash(h.File))
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return file
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

func isCommit(revision string) bool { return commit.MatchString(revision) }

// list asks the hub for the files of the revision, and keeps the answer for the time without a
// network. A commit's files never change.
func (h Hub) list(ctx context.Context, root string, o Options) (l listing, err error) {
	kept := filepath.Join(root, "refs", url.PathEscape(h.Revision)+".json")
	if text, err := os.ReadFile(kept); err == nil && isCommit(h.Revision) {
		if l, err = parseListing(text); err == nil {
			return l, nil
		}
	}
	text, err := h.ask(ctx, o)
	if err == nil {
		if l, err = parseListing(text); err != nil {
			return l, fmt.Errorf("download: the hub's answer about %s: %w", h, err)
		}
		return l, atomicfile.Write(kept, func(w io.Writer) error { _, err := w.Write(text); return err })
	}
	var final permanent
	if errors.As(err, &final) || ctx.Err() != nil {
		return l, fmt.Errorf("download: %s: %w", h, err)
	}
	if text, kErr := os.ReadFile(kept); kErr == nil {
		if l, kErr = parseListing(text); kErr == nil {
			return l, nil
		}
	}
	file := h.File
	if file == "" {
		file = "onnx/model.onnx"
	}
	revision := h.Revision
	if isCommit(revision) {
		revision = "main"
	}
	return l, fmt.Errorf("download: the hub cannot be asked about %s: %w. Bring the file yourself: %s, to be put at %s (and files that hold its weights beside it), and name it: hf:%s/%s/%s",
		h, err, h.address("resolve/"+url.PathEscape(h.Revision)+"/"+escaped(file)), filepath.Join(root, revision, filepath.FromSlash(file)), h.Owner, h.Name, file)
}

func parseListing(text []byte) (l listing, err error) {
	if err := json.Unmarshal(text, &l); err != nil {
		return l, err
	}
	if !isCommit(l.Commit) {
		return l, fmt.Errorf("the commit is %q", l.Commit)
	}
	return l, nil
}

// String is the name that ParseHub reads.
func (h Hub) String() string {
	text := "hf:" + h.Owner + "/" + h.Name
	if h.Revision != "main" {
		text += "@" + h.Revision
	}
	if h.File != "" {
		text += "/" + h.File
	}
	return text
}

// address is that of a page of the repository.
func (h Hub) address(page string) string {
	endpoint := strings.TrimRight(os.Getenv(EndpointVariable), "/")
	if endpoint == "" {
		endpoint = "https://huggingface.co"
	}
	return endpoint + "/" + h.Owner + "/" + h.Name + "/" + page
}

// escaped writes the path of a file for an address.
func escaped(file string) string {
	parts := strings.Split(file, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// ask returns what the hub says of the revision.
func (h Hub) ask(ctx context.Context, o Options) ([]byte, error) {
	const patience, most = 30 * time.Second, 16 << 20
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	site, _, _ := strings.Cut(h.address(""), "/"+h.Owner+"/"+h.Name+"/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, site+"/api/models/"+h.Owner+"/"+h.Name+"/revision/"+url.PathEscape(h.Revision)+"?blobs=true", nil)
	if err != nil {
		return nil, permanent{err}
	}
	client := o.Client
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch code := answer.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusNotFound:
		return nil, permanent{fmt.Errorf("the hub answered %s: there is no such repository or revision, or it is not open to all; of one that is not, download the file in a browser and import that", answer.Status)}
	case code != http.StatusOK:
		return nil, fmt.Errorf("the hub answered %s", answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, most))
}

// choose settles the file.
func (h Hub) choose(l listing) (string, error) {
	var models, plain []string
	for _, f := range l.Files {
		if h.File == f.Name {
			return f.Name, nil
		}
		if strings.EqualFold(path.Ext(f.Name), ".onnx") {
			models = append(models, f.Name)
			if path.Base(f.Name) == "model.onnx" {
				plain = append(plain, f.Name)
			}
		}
	}
	switch {
	case h.File == "" && len(models) == 1:
		return models[0], nil
	case h.File == "" && len(plain) == 1:
		return plain[0], nil
	case len(models) == 0:
		return "", fmt.Errorf("download: %s has no ONNX file; many repositories keep theirs, made of the same weights, under another owner", h)
	}
	repository := h
	repository.File = ""
	return "", fmt.Errorf("download: %s: name one of its files:\n  %s/%s", h, repository, strings.Join(models, "\n  "+repository.String()+"/"))
}

// fetch brings one file of a commit.
func (h Hub) fetch(ctx context.Context, root string, l listing, file string, o Options) (string, error) {
	for _, f := range l.Files {
		if f.Name != file || !filepath.IsLocal(filepath.FromSlash(file)) {
			continue
		}
		s := Source{URL: h.address("resolve/" + l.Commit + "/" + escaped(file)), Name: path.Base(file), Blob: f.Blob}
		if f.LFS != nil {
			s.SHA256, s.Blob = f.LFS.SHA256, ""
		}
		if s.SHA256 == "" && s.Blob == "" {
			return "", fmt.Errorf("download: the hub tells no hash of %s", file)
		}
		o.Folder = filepath.Join(root, l.Commit, filepath.FromSlash(path.Dir(file)))
		return s.Fetch(ctx, o)
	}
	return "", fmt.Errorf("download: %s/%s has no file %s", h.Owner, h.Name, file)
}
