package server

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"testing"

	"github.com/dvml/dvml/index"
)

// A map is made by one request, followed by another, and lies in columns that name every photograph.
func TestMap(t *testing.T) {
	x := served(t, &colours{}, 20)
	x.get("/v1/map").expect(t, 404)
	x.get("/v1/map/info").expect(t, 404)
	x.postJSON("/v1/map", "{}").expect(t, 401)
	x.postJSON("/v1/map", "{}", bearer...).expect(t, 202)
	var about mapView
	x.wait("the map is made", func() bool {
		a := x.get("/v1/map/info")
		if a.StatusCode != http.StatusOK {
			return false
		}
		a.json(t, &about)
		return about.InProgress == nil && about.Trust != nil
	})
	if about.N != 20 || len(about.Classes) != 5 || len(about.Labels) != 5 || *about.Trust <= 0 || *about.Trust > 1 {
		t.Errorf("%+v", about)
	}
	b := x.get("/v1/map").expect(t, 200).body
	if n := binary.LittleEndian.Uint32(b[8:]); string(b[:4]) != "DVM1" || n != 20 || len(b) != 16+11*20 {
		t.Fatalf("%d bytes, %q", len(b), b[:16])
	}
	var low, high uint16 = 65535, 0
	for i := range 20 {
		id := binary.LittleEndian.Uint32(b[16+4*i:])
		px, class := binary.LittleEndian.Uint16(b[16+4*20+2*i:]), binary.LittleEndian.Uint16(b[16+8*20+2*i:])
		var v itemView
		x.get(fmt.Sprintf("/v1/items/%d", id)).expect(t, 200).json(t, &v)
		if about.Classes[class] != v.Class {
			t.Errorf("photograph %d is of class %s, on the map of %s", id, v.Class, about.Classes[class])
		}
		low, high = min(low, px), max(high, px)
	}
	if high <= low {
		t.Error("all photographs lie in one place")
	}
	var v infoView
	x.get("/v1/info").expect(t, 200).json(t, &v)
	if !v.Index.HasMap {
		t.Error("the index has a map, and /v1/info says it has none")
	}
}

func TestMapWhileTheIndexIsWritten(t *testing.T) {
	x := served(t, &colours{}, 12)
	w, err := index.OpenWriter(x.s.o.Index)
	must(t, err)
	x.postJSON("/v1/map", "{}", bearer...).expect(t, 202)
	x.wait("the making has ended", func() bool { return x.s.mapping.is() == nil })
	x.get("/v1/map").expect(t, 404) // it could not be kept
	must(t, w.Close())
	x.postJSON("/v1/map", "{}", bearer...).expect(t, 202)
	x.wait("the map is made", func() bool { return x.get("/v1/map").StatusCode == http.StatusOK })
}
