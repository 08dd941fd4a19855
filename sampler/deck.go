package sampler

import "github.com/dvml/dvml/internal/draw"

// Streams of one seed that must not meet.
const (
	classStream = iota
	imageStream
)

// deck deals from random permutations that are pure functions of the seed.
type deck struct {
	seed    uint64
	stream  *draw.Stream
	classes []int // the permutation of the classes in epoch
	epoch   int   // -1 where none has been drawn yet
	images  []int // scratch: a permutation of one class's images
}

func newDeck(seed uint64, classes []class) *deck {
	most := 0
	for _, c := range classes {
		most = max(most, len(c.rows))
	}
	return &deck{seed: seed, stream: draw.NewStream(), classes: make([]int, len(classes)), epoch: -1, images: make([]int, most)}
}

// order returns the permutation of the classes in an epoch.
func (d *deck) order(epoch int) []int {
	if d.epoch != epoch {
		d.stream.Seek(d.seed, classStream, uint64(epoch))
		d.stream.Permute(d.classes)
		d.epoch = epoch
	}
	return d.classes
}

// deal fills rows with images of a class for its turn-th turn. A permutation of the n images serves
// n/len(rows) turns before the next is drawn; with fewer images than rows each turn takes all of
// them, then starts over in the same order.
func (d *deck) deal(rows []int, c class, turn int) {
	n, k := len(c.rows), len(rows)
	turns := max(1, n/k)
	perm := d.images[:n]
	d.stream.Seek(d.seed, imageStream, uint64(uint32(c.label)), uint64(turn/turns))
	d.stream.Permute(perm)
	at := turn % turns * k
	for i := range rows {
		rows[i] = c.rows[perm[(at+i)%n]]
	}
}
