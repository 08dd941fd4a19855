package server

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server is reached under its own names alone.
func TestHost(t *testing.T) {
	x := served(t, &colours{}, 3, func(o *Options) { o.Hosts = []string{"photos.example"} })
	for host, want := range map[string]int{"localhost": 200, "localhost:7654": 200, "LOCALHOST.": 200, "127.0.0.1:1": 200, "[::1]:7654": 200, "photos.example": 200,
		"evil.example": 421, "evil.example:7654": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "10.0.0.1": 421, "photos.example.evil": 421, "[": 421} {
		got := x.raw("GET /v1/info HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d", want)) {
			t.Errorf("Host %s: %.60q, want %d", host, got, want)
		}
	}
	x.s.o.Loopback = false
	x.get("/v1/info", "Host", "10.0.0.1:80").expect(t, 200)
	x.get("/v1/info", "Host", "evil.example").expect(t, 421)
}

// Pages of other sites get nothing done, and nothing lets them read answers.
func TestOtherSites(t *testing.T) {
	x := served(t, &colours{}, 3)
	for _, from := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://evil.example"}, {"Origin", "null"}} {
		x.post("/v1/embed", "image/jpeg", picture(1), from...).expect(t, 403)
	}
	x.post("/v1/embed", "image/jpeg", picture(1), "Origin", x.http.URL).expect(t, 200)
	for _, path := range []string{"/", "/v1/info", "/v1/items", "/v1/thumb/1", "/v1/none", "/metrics"} {
		a := x.get(path, "Origin", "http://evil.example")
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: header %s", path, name)
			}
		}
		for name, want := range map[string]string{"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"} {
			if !strings.Contains(a.Header.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, a.Header.Get(name))
			}
		}
	}
	if got, err := http.DefaultClient.Do(x.request("OPTIONS", "/v1/search", nil, "Origin", "http://evil.example", "Access-Control-Request-Method", "POST")); err != nil || got.StatusCode < 400 {
		t.Errorf("a browser that asks first was given leave: %v %v", got, err)
	}
}

// secret lies beside the photographs and in their place.
const secret = "the secret that no request may read"

// No file beside the index's photographs can be had, in two hundred ways of asking.
func TestNoOtherFile(t *testing.T) {
	x := served(t, &colours{}, 12)
	outside := filepath.Join(filepath.Dir(x.folder), "secret.txt")
	must(t, os.WriteFile(outside, []byte(secret), 0o644))
	must(t, os.WriteFile(filepath.Join(x.folder, "secret.jpg"), []byte(secret), 0o644)) // not indexed

	var item itemPage
	for id, replace := range map[int]func(path string){
		1: func(p string) { must(t, os.Symlink(outside, p)) },
		2: func(p string) { must(t, os.Link(outside, p)) },
		3: func(p string) { must(t, os.WriteFile(p, []byte(secret), 0o644)) },
		4: func(p string) { must(t, os.Mkdir(p, 0o755)) },
		5: func(p string) { must(t, os.Symlink(p, p)) },
		6: func(p string) { must(t, os.Symlink("/dev/zero", p)) },
		7: func(p string) { // as long as the photograph was
			must(t, os.WriteFile(p, append([]byte(secret), make([]byte, int(item.Bytes)-len(secret))...), 0o644))
		},
		8: func(string) {},
	} {
		x.get(fmt.Sprintf("/v1/items/%d", id)).expect(t, 200).json(t, &item)
		must(t, os.Remove(item.Path))
		replace(item.Path)
		if a := x.get(fmt.Sprintf("/v1/original/%d", id)).expect(t, 404); strings.Contains(string(a.body), secret) {
			t.Errorf("item %d: %s", id, a.body)
		}
	}
	// The folder itself becomes a link to another.
	x.get("/v1/items/12").expect(t, 200).json(t, &item)
	must(t, os.Rename(filepath.Dir(item.Path), filepath.Dir(item.Path)+"-moved"))
	must(t, os.Symlink(filepath.Dir(outside), filepath.Dir(item.Path)))
	x.get("/v1/original/12").expect(t, 404)

	ways := []string{}
	for _, route := range []string{"/v1/thumb/", "/v1/original/", "/v1/items/", "/", "/js/", "/v1/items/ids/", "/openapi.json/", "/v1/folders?under=", "/v1/items?folder="} {
		for _, name := range []string{"../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "%2e%2e%2f%2e%2e%2fsecret.txt", "..%252fsecret.txt", "....//secret.txt", "..%5csecret.txt",
			"..\\secret.txt", "%c0%ae%c0%ae/secret.txt", "/etc/passwd", "%2fetc%2fpasswd", "..;/secret.txt", "1/../../secret.txt", "1%00.txt", "file:///etc/passwd",
			"-1", "0", "1e3", "0x1", "1%20", "99999999999999999999", "1;ls", "..%c1%9csecret.txt", url.PathEscape(outside), outside, "../../../../../../../../etc/passwd"} {
			ways = append(ways, route+name)
		}
	}
	if len(ways) < 200 {
		t.Fatalf("%d ways", len(ways))
	}
	address, err := url.Parse(x.http.URL)
	must(t, err)
	for _, way := range ways {
		for _, target := range []string{way, x.http.URL + way} { // also as a proxy is asked
			c, err := net.Dial("tcp", address.Host)
			must(t, err)
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target)
			got, err := io.ReadAll(c)
			must(t, err)
			c.Close()
			if text := string(got); strings.Contains(text, secret) || strings.Contains(text, "root:") || strings.Contains(text, "panic") {
				t.Errorf("%s: %.300s", target, text)
			}
		}
	}
	if strings.Contains(x.log.String(), "level=ERROR") {
		t.Errorf("something failed inside:\n%s", x.log)
	}
}
