package server

import (
	"fmt"
	"testing"
)

// Photographs are named by the index's classes, in each of the ways in which they can be given; one
// that the index has does not vote for itself.
func TestClassify(t *testing.T) {
	x := served(t, &colours{}, 20)
	type answer struct{ Photographs []namedView }
	check := func(what string, a answer, classes ...string) {
		t.Helper()
		got := []string{}
		for _, p := range a.Photographs {
			if p.Class == nil || p.Known == nil || !*p.Known || p.Nearest == nil || len(p.Candidates) == 0 || p.Candidates[0].Class != *p.Class {
				t.Fatalf("%s: %+v", what, p)
			}
			got = append(got, *p.Class)
		}
		if fmt.Sprint(got) != fmt.Sprint(classes) {
			t.Errorf("%s: %v, want %v", what, got, classes)
		}
	}
	for _, by := range []string{"", "neighbours", "means"} {
		var a answer
		x.postJSON("/v1/classify", fmt.Sprintf(`{"ids":[1,6,20],"by":%q}`, by)).expect(t, 200).json(t, &a)
		check("by number, "+by, a, "class0", "class1", "class4")
		if id := a.Photographs[0].Nearest.Item.ID; id == 1 {
			t.Error("a photograph is its own nearest")
		}
		a = answer{}
		x.post("/v1/classify?k=3&by="+by, "image/jpeg", picture(33)).expect(t, 200).json(t, &a)
		check("a photograph, "+by, a, "class3")
	}
	var a answer
	form, body := formOf(t, field{"image", picture(31)}, field{"image", picture(2)}, field{"query", []byte(`{"k":2,"by":"neighbours"}`)})
	x.post("/v1/classify", form, body).expect(t, 200).json(t, &a)
	check("a form", a, "class1", "class2")
	if p := a.Photographs[1]; p.Candidates[0].Photographs != 2 || p.Candidates[0].Share < .9 || p.Candidates[0].Probability == nil {
		t.Errorf("%+v", p)
	}
	for _, wrong := range []string{`{}`, `{"ids":[1],"k":-1}`, `{"ids":[1],"by":"name"}`, `{"like":[1]}`} {
		x.postJSON("/v1/classify", wrong).expect(t, 400)
	}
	x.postJSON("/v1/classify", `{"ids":[4711]}`).expect(t, 404)
	x.post("/v1/classify?by=name", "image/jpeg", picture(2)).expect(t, 400)

	alone := served(t, &colours{}, 20, func(o *Options) { o.Open = nil })
	alone.postJSON("/v1/classify", `{"ids":[1]}`).expect(t, 200)
	alone.post("/v1/classify", "image/jpeg", picture(99)).expect(t, 503)
}
