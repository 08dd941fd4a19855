package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
)

var bearer = []string{"Authorization", "Bearer " + testToken}

// Decisions are kept by content, the last one holds, and the table of them is one that photographs are prepared from.
func TestDecisions(t *testing.T) {
	x := served(t, &colours{}, 20)
	hash := func(id int) string {
		var v itemView
		x.get(fmt.Sprintf("/v1/items/%d", id)).expect(t, 200).json(t, &v)
		return v.Hash
	}
	decide := func(status int, kind string, a, b, value string) {
		t.Helper()
		x.postJSON("/v1/decisions", fmt.Sprintf(`{"kind":%q,"a":%q,"b":%q,"value":%q}`, kind, a, b, value), bearer...).expect(t, status)
	}
	decide(200, "label", hash(1), "", "class4")
	decide(200, "label", hash(1), "", "class3")
	decide(200, "label", hash(2), "", "class4")
	decide(200, "label", hash(2), "", "") // taken back
	decide(200, "odd", hash(3), "", "odd")
	decide(200, "pair", hash(1), hash(2), "different")
	decide(200, "duplicate", hash(4), hash(5), "different")
	decide(200, "leak", hash(6), hash(7), "leak") // the second is left out
	decide(200, "leak", hash(8), hash(9), "fine")
	decide(200, "leak", hash(10), "", "leak") // one content on both sides: it is written once
	for _, wrong := range [][4]string{{"leak", hash(1), hash(1), "different"}, {"label", hash(1), hash(2), "x"}, {"colour", hash(1), "", "x"}, {"pair", hash(1), "", "same"}, {"pair", hash(1), hash(2), "perhaps"}, {"odd", hash(1), hash(2), "odd"},
		{"pair", hash(1), hash(1), "same"}, {"label", "12", "", "x"}, {"label", hash(1), "", "a\nb"}} {
		decide(400, wrong[0], wrong[1], wrong[2], wrong[3])
	}
	decide(404, "label", strings.Repeat("00", 32), "", "x")

	table := x.get("/v1/decisions.csv").expect(t, 200)
	path := filepath.Join(t.TempDir(), "decisions.csv")
	must(t, os.WriteFile(path, table.body, 0o644))
	set, err := imageset.Open(path, imageset.Options{})
	if err != nil {
		t.Fatalf("%v\n%.400s", err, table.body)
	}
	defer set.Close()
	n := map[string]int{}
	for _, i := range set.Images {
		n[set.Classes[i.Label]]++
	}
	if fmt.Sprint(n) != "map[class0:2 class1:3 class2:4 class3:5 class4:4]" {
		t.Errorf("%v", n)
	}
	again, err := index.Open(x.s.o.Index)
	must(t, err)
	defer again.Close()
	all, err := again.Decisions(context.Background(), "")
	must(t, err)
	if len(all) != 7 {
		t.Errorf("%d decisions are kept", len(all))
	}
}

// Pairs that were marked as the same give classes to those that have none, unless marks or classes contradict.
func TestMarkedPairs(t *testing.T) {
	h := func(text string) (h index.Hash) { copy(h[:], text); return h }
	for _, c := range []struct{ pairs, classes, want string }{
		{"a=b", "a:x", "a:x b:x"},
		{"a=b b=c c=d", "d:x", "a:x b:x c:x d:x"},
		{"a=b c=d", "", "a:marked-1 b:marked-1 c:marked-2 d:marked-2"},
		{"a=b b=c", "a:x c:y", "a:x c:y"},
		{"a=b b=c a#c", "a:x", "a:x"},
		{"a=b a#c", "a:x", "a:x b:x"},
		{"a#b", "a:x", "a:x"},
		{"a=b", "a:x b:y", "a:x b:y"},
	} {
		class := map[index.Hash]string{}
		for _, one := range strings.Fields(c.classes) {
			class[h(one[:1])] = one[2:]
		}
		var pairs []index.Decision
		for _, one := range strings.Fields(c.pairs) {
			pairs = append(pairs, index.Decision{Kind: "pair", A: h(one[:1]), B: h(one[2:]), Value: map[byte]string{'=': "same", '#': "different"}[one[1]]})
		}
		marked(pairs, class)
		var got []string
		for _, name := range []string{"a", "b", "c", "d"} {
			if class[h(name)] != "" {
				got = append(got, name+":"+class[h(name)])
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s with %s: %v, want %s", c.pairs, c.classes, got, c.want)
		}
	}
}

// What writes needs the token, a server that may write, and an index that nobody else writes to.
func TestWhoMayWrite(t *testing.T) {
	x := served(t, &colours{}, 5)
	var v itemView
	x.get("/v1/items/1").expect(t, 200).json(t, &v)
	body := `{"kind":"odd","a":"` + v.Hash + `","value":"odd"}`
	x.postJSON("/v1/decisions", body).expect(t, 401)
	x.postJSON("/v1/decisions", body, "Authorization", "Bearer no").expect(t, 401)
	x.postJSON("/v1/decisions", body, "Authorization", testToken).expect(t, 401)
	x.postJSON("/v1/decisions", body, append([]string{"Origin", "http://evil.example"}, bearer...)...).expect(t, 403)
	w, err := index.OpenWriter(x.s.o.Index)
	must(t, err)
	if a := x.postJSON("/v1/decisions", body, bearer...).expect(t, 503); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	must(t, w.Close())
	var clients sync.WaitGroup
	for range 8 { // several at a time wait for one another
		clients.Go(func() { x.postJSON("/v1/decisions", body, bearer...).expect(t, 200) })
	}
	clients.Wait()
	x.s.o.ReadOnly = true
	x.postJSON("/v1/decisions", body, bearer...).expect(t, 403)
	x.s.o.ReadOnly, x.s.o.Token = false, ""
	x.postJSON("/v1/decisions", body, "Authorization", "Bearer ").expect(t, 401)
}

// Another index answers the same question; photographs are the same by content, whatever their numbers.
func TestOtherModels(t *testing.T) {
	m := &colours{}
	folder, photos := indexed(t, m, 12)
	second := filepath.Join(t.TempDir(), "second.dvml")
	sub := filepath.Join(photos, "class3")
	makeIndex(t, &colours{name: "B"}, second, sub)
	x := serve(t, m, folder, photos, func(o *Options) { o.Compare = []string{second} })
	var v infoView
	x.get("/v1/info").expect(t, 200).json(t, &v)
	if fmt.Sprint(v.Models) != "[second]" {
		t.Errorf("models %v", v.Models)
	}
	var all struct{ Items []itemView }
	x.get("/v1/items?class=class3").expect(t, 200).json(t, &all)
	var found struct{ Neighbours []hitView }
	x.get(fmt.Sprintf("/v1/models/second/neighbours?id=%d&k=5", all.Items[0].ID)).expect(t, 200).json(t, &found)
	if len(found.Neighbours) != 1 || found.Neighbours[0].Item.Hash != all.Items[1].Hash {
		t.Errorf("%+v", found)
	}
	x.get("/v1/models/second/neighbours?id=1").expect(t, 404)
	x.get("/v1/models/third/neighbours?id=1").expect(t, 404)
	x.get("/v1/models/second/neighbours").expect(t, 400)
}

// Runs are read while they train; a name is one of the list, never a path.
func TestRuns(t *testing.T) {
	runs := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(runs, "first"), 0o755))
	must(t, os.MkdirAll(filepath.Join(runs, "no run"), 0o755))
	must(t, os.WriteFile(filepath.Join(runs, "first", "metrics.csv"), []byte("step,loss,R@1\n10,1.5,\n20,NaN,0.5\n30,0."), 0o644))
	x := served(t, &colours{}, 3, func(o *Options) { o.Runs = runs })
	var list struct{ Runs []runView }
	x.get("/v1/runs").expect(t, 200).json(t, &list)
	if len(list.Runs) != 1 || list.Runs[0] != (runView{"first", 20, false}) {
		t.Errorf("%+v", list)
	}
	if a := x.get("/v1/runs/first/metrics").expect(t, 200); strings.TrimSpace(string(a.body)) != `{"columns":{"R@1":[null,0.5],"loss":[1.5,null],"step":[10,20]}}` {
		t.Errorf("%s", a.body)
	}
	for _, name := range []string{"second", "..%2ffirst", "no%20run", "%2e%2e"} {
		x.get("/v1/runs/"+name+"/metrics").expect(t, 404)
	}
}
