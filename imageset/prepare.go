package imageset

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"sync"

	"github.com/dvml/dvml/store"
)

// DefaultSize is the side of stored images, in pixels, from which a network's 227 or 224 is cropped.
const DefaultSize = 256

// PrepareOptions says how a set is stored. The zero value is what the published results for this task use.
type PrepareOptions struct {
	Size     int                   // side of the stored images in pixels; 0: DefaultSize
	Fit      Fit                   // how an image becomes a square
	Strict   bool                  // a broken image ends the work; otherwise it is left out and reported
	HoldOut  HoldOut               // which classes are held out
	JPEG     bool                  // store JPEG bytes instead of pixels; photographs that are JPEG of the size already keep theirs
	Workers  int                   // images decoded at a time; 0: one a core
	Progress func(done, total int) // called after each image, by one goroutine at a time; may be nil
}

// Summary says what was stored.
type Summary struct {
	Written int // images stored
	Train   int // of these
	Test    int
	Classes int       // with an image
	Skipped []Skipped // what was left out, in the order of the set
	Dealt   string    // how the classes that are held out were chosen; empty: as the source has it
	Bytes   int64     // of the files that were stored
	Copies  []Copy    // files of the same bytes, in the order of the set
}

// Copy is an image of the same bytes as an earlier one.
type Copy struct {
	Path, Of       string
	Class, ClassOf string
}

// Skipped is an image that was left out.
type Skipped struct {
	Path string
	Err  error
}

// Prepare decodes the images of src and stores them in the file out, which appears only when it is whole: after an error, or when ctx is cancelled,
// neither it nor a part of it is left, and an older file of that name stays. Memory is bounded whatever the number of images, and the file's
// bytes depend on the images and options alone, not on the number of workers.
func Prepare(ctx context.Context, src *Set, out string, o PrepareOptions) (Summary, error) {
	if o.Size == 0 {
		o.Size = DefaultSize
	}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if err := checkTarget(o.Size, o.Fit); err != nil {
		return Summary{}, fmt.Errorf("prepare: %w", err)
	}
	if len(src.Images) == 0 {
		return Summary{}, errors.New("prepare: the set has no images")
	}
	if err := o.HoldOut.Check(src.Classes); err != nil {
		return Summary{}, err
	}
	w, err := store.Create(out, store.Spec{N: len(src.Images), Size: o.Size, Classes: src.Classes, JPEG: o.JPEG, Fit: o.Fit.String()})
	if err != nil {
		return Summary{}, fmt.Errorf("prepare: %w", err)
	}
	p := &preparation{src: src, out: w, o: o, budget: newBudget(maxMemory), failed: map[int]error{},
		files: make([]fileDigest, len(src.Images))}
	err = p.run(ctx)
	var dealt string
	if err == nil {
		dealt, err = p.deal()
	}
	summary := p.summary()
	summary.Dealt = dealt
	if err == nil && summary.Written == 0 {
		err = fmt.Errorf("no image can be decoded, the first is %s: %w", summary.Skipped[0].Path, summary.Skipped[0].Err)
	}
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		return summary, fmt.Errorf("prepare: %w", errors.Join(err, w.Abort()))
	}
	return summary, nil
}

// fileDigest tells files apart.
type fileDigest struct {
	sum  [sha256.Size]byte
	size int64
}

// preparation is a call of Prepare.
type preparation struct {
	src    *Set
	out    *store.Writer
	o      PrepareOptions
	budget *budget

	mu     sync.Mutex
	next   int           // image to be taken
	done   int           // images stored or left out
	failed map[int]error // images left out
	files  []fileDigest  // of each image; each is written by the worker that has it
	splits []store.Split // of each image, where they are dealt
	fatal  error         // from the writer
}

// run decodes everything with o.Workers goroutines.
func (p *preparation) run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range min(p.o.Workers, len(p.src.Images)) {
		wg.Go(func() {
			for i, ok := p.take(ctx); ok; i, ok = p.take(ctx) {
				p.finish(i, p.image(i))
			}
		})
	}
	wg.Wait()
	if p.fatal != nil {
		return p.fatal
	}
	if p.o.Strict && len(p.failed) > 0 {
		first := slices.Min(keys(p.failed))
		return fmt.Errorf("%s: %w", p.src.Images[first].Path, p.failed[first])
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stopped after %d of %d images: %w", p.done, len(p.src.Images), err)
	}
	return nil
}

// take returns the next image. Images are taken in order and each is finished, so that of several broken ones Strict always names the first.
func (p *preparation) take(ctx context.Context) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == len(p.src.Images) || p.fatal != nil || p.o.Strict && len(p.failed) > 0 || ctx.Err() != nil {
		return 0, false
	}
	p.next++
	return p.next - 1, true
}

// writeError is an error of the file that is written, not of an image.
type writeError struct{ error }

func (p *preparation) finish(i int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := (writeError{}); errors.As(err, &w) {
		if p.fatal == nil {
			p.fatal = w.error
		}
		return
	}
	if err != nil {
		p.failed[i] = err
	}
	p.done++
	if p.o.Progress != nil {
		p.o.Progress(p.done, len(p.src.Images))
	}
}

// smallFile is what a worker reads without asking the budget; almost every photograph is smaller.
const smallFile = 16 << 20

// image decodes and stores image i.
func (p *preparation) image(i int) error {
	img := &p.src.Images[i]
	data, err := readFile(img, smallFile)
	if errors.Is(err, errLarge) { // alone, as far as the budget goes
		p.budget.take(maxMemory)
		defer func() {
			runtime.GC() // so that the next one finds the memory free
			p.budget.give(maxMemory)
		}()
		if data, err = readFile(img, maxMemory); err != nil {
			return err
		}
		return p.store(i, data, func(int64) func() { return func() {} })
	}
	if err != nil {
		return err
	}
	return p.store(i, data, func(n int64) func() {
		p.budget.take(n)
		return func() { p.budget.give(n) }
	})
}

// store decodes and stores the bytes of image i. reserve takes memory from the budget and returns what gives it back.
func (p *preparation) store(i int, data []byte, reserve func(int64) func()) error {
	e, err := probe(data, p.o.Size)
	if err != nil {
		return err
	}
	defer reserve(e.memory)()
	pixels, err := e.decode(p.o.Size, p.o.Fit)
	if err != nil {
		return err
	}
	p.files[i] = fileDigest{sha256.Sum256(data), int64(len(data))}
	img := &p.src.Images[i]
	if p.o.JPEG && e.keepsJPEG(p.o.Size) {
		err = p.out.PutJPEG(i, data, int32(img.Label), img.Split)
	} else {
		err = p.out.Put(i, pixels, int32(img.Label), img.Split)
	}
	if err != nil {
		return writeError{err}
	}
	return nil
}

var errLarge = errors.New("the file is too large")

// readFile reads an image's file of at most limit bytes. Of what says its size it reads no more than a head before it knows
// that the file is an image, and takes no more memory than the file has bytes: an archive may unpack to anything.
func readFile(img *Image, limit int64) ([]byte, error) {
	r, err := img.Open()
	if at := (*fs.PathError)(nil); errors.As(err, &at) { // the path stands beside the error
		err = at.Err
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	large := fmt.Errorf("%w: more than %d MiB", errLarge, limit>>20)
	sized, ok := r.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		data, err := io.ReadAll(io.LimitReader(r, limit+1))
		if err == nil && int64(len(data)) > limit {
			err = large
		}
		return data, err
	}
	info, err := sized.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, min(sniffed, info.Size()))
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, shortRead(err)
	}
	if kind(head) == "" || info.Size() <= sniffed {
		return head, nil
	}
	if info.Size() > limit {
		return nil, large
	}
	data := make([]byte, info.Size())
	copy(data, head)
	if _, err := io.ReadFull(r, data[len(head):]); err != nil {
		return nil, shortRead(err)
	}
	return data, nil
}

func shortRead(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return err
}

// deal gives the stored images the splits of their classes, where the source has none or others are asked for. Classes
// without an image that could be read do not count.
func (p *preparation) deal() (how string, err error) {
	if !p.src.Dealt && !p.o.HoldOut.Chosen() {
		return "", nil
	}
	count := make([]int, len(p.src.Classes))
	for i := range p.src.Images {
		if p.failed[i] == nil {
			count[p.src.Images[i].Label]++
		}
	}
	split, how := p.o.HoldOut.Deal(p.src.Classes, count)
	p.splits = make([]store.Split, len(p.src.Images))
	for i := range p.src.Images {
		p.splits[i] = split[p.src.Images[i].Label]
		if p.failed[i] == nil {
			err = errors.Join(err, p.out.SetSplit(i, p.splits[i]))
		}
	}
	return how, err
}

// copies finds files of the same bytes.
func (p *preparation) copies() []Copy {
	var out []Copy
	first := map[[sha256.Size]byte]int{}
	for i := range p.src.Images {
		if p.failed[i] != nil || p.files[i].size == 0 {
			continue
		}
		j, again := first[p.files[i].sum]
		if !again {
			first[p.files[i].sum] = i
			continue
		}
		a, b := &p.src.Images[i], &p.src.Images[j]
		out = append(out, Copy{a.Path, b.Path, p.src.Classes[a.Label], p.src.Classes[b.Label]})
	}
	return out
}

func (p *preparation) summary() Summary {
	s := Summary{Written: p.out.Len()}
	for _, i := range slices.Sorted(slices.Values(keys(p.failed))) {
		s.Skipped = append(s.Skipped, Skipped{p.src.Images[i].Path, p.failed[i]})
	}
	classes := map[int]bool{}
	for i := range p.next {
		if p.failed[i] != nil {
			continue
		}
		img := &p.src.Images[i]
		classes[img.Label] = true
		s.Bytes += p.files[i].size
		split := img.Split
		if p.splits != nil {
			split = p.splits[i]
		}
		if split == store.Train {
			s.Train++
		} else {
			s.Test++
		}
	}
	s.Classes, s.Copies = len(classes), p.copies()
	return s
}

func keys(m map[int]error) []int {
	var out []int
	for k := range m {
		out = append(out, k)
	}
	return out
}
