package server

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// What a request has to pass before a route sees it.
//
// A page of any site can make the browser of someone on this machine send requests here. It cannot
// read answers, unless its site's name is pointed at this machine (DNS rebinding): so the name
// under which the server is called has to be one of its own. And it cannot send what makes the
// browser ask first, which nobody answers with leave: so what writes needs a token in a header, and
// what else is not a plain reading is refused where it comes from another site.

// policy is what the page may load: its own files and photographs.
const policy = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// called checks the name that a request calls the server by.
func (s *Server) called(r *http.Request) error {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if addr, err := netip.ParseAddr(host); err == nil && (!s.o.Loopback || addr.Unmap().IsLoopback()) {
		return nil
	}
	if host == "localhost" || slices.ContainsFunc(s.o.Hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return nil
	}
	return refused(http.StatusMisdirectedRequest, "host", "this server is not called %q; --host adds a name", host)
}

// may checks the token of what writes.
func (s *Server) may(r *http.Request) error {
	if s.o.ReadOnly {
		return bad(http.StatusForbidden, "this server is read-only")
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if s.o.Token == "" || !ok || subtle.ConstantTimeCompare([]byte(given), []byte(s.o.Token)) != 1 {
		return refused(http.StatusUnauthorized, "token", "this needs the token that the server printed when it started, as Authorization: Bearer TOKEN")
	}
	return nil
}
