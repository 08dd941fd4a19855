package review

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/jpeg"
	"math"
	"runtime"
	"slices"
	"sync"
)

// Sides of the grids that brightness is averaged over: a coarse one that rules most candidates out, and that
// which decides; and the correlations from which on.
const (
	coarse, fine           = 8, 16
	coarseAlike, fineAlike = 0.85, 0.96
)

// likeness is how alike two photographs are.
type likeness struct {
	score  float32 // the cosine
	pixels float64 // the correlation of the thumbnails
}

// grid is brightness on a square grid, less its mean, of length 1; all zero: a photograph of one brightness.
type grid []float32

// grey is the sums of brightness over the rectangles from the corner of a thumbnail, [h+1, w+1].
type grey struct {
	w, h int
	sums []float64
}

func greyOf(img image.Image) *grey {
	b := img.Bounds()
	g := &grey{w: b.Dx(), h: b.Dy()}
	g.sums = make([]float64, (g.w+1)*(g.h+1))
	luma, fast := img.(*image.YCbCr)
	for y := range g.h {
		row := 0.0
		for x := range g.w {
			if fast {
				row += float64(luma.Y[luma.YOffset(b.Min.X+x, b.Min.Y+y)])
			} else {
				red, green, blue, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
				row += (.299*float64(red) + .587*float64(green) + .114*float64(blue)) / 257
			}
			g.sums[(y+1)*(g.w+1)+x+1] = g.sums[y*(g.w+1)+x+1] + row
		}
	}
	return g
}

// upTo is the sum over the rectangle from the corner to (x, y), between pixels too.
func (g *grey) upTo(x, y float64) float64 {
	i, j := min(int(x), g.w-1), min(int(y), g.h-1)
	fx, fy := x-float64(i), y-float64(j)
	at := j*(g.w+1) + i
	top := g.sums[at]*(1-fx) + g.sums[at+1]*fx
	bottom := g.sums[at+g.w+1]*(1-fx) + g.sums[at+g.w+2]*fx
	return top*(1-fy) + bottom*fy
}

// window averages brightness over side x side cells of a part of the thumbnail, given in shares of its width and height.
func (g *grey) window(left, top, share float64, side int) grid {
	out := make(grid, side*side)
	w, h := float64(g.w), float64(g.h)
	stepX, stepY := share*w/float64(side), share*h/float64(side)
	mean := 0.0
	cells := make([]float64, side*side)
	for j := range side {
		for i := range side {
			x0, y0 := left*w+float64(i)*stepX, top*h+float64(j)*stepY
			x1, y1 := min(w, x0+stepX), min(h, y0+stepY)
			v := (g.upTo(x1, y1) - g.upTo(x0, y1) - g.upTo(x1, y0) + g.upTo(x0, y0)) / (stepX * stepY)
			cells[j*side+i] = v
			mean += v / float64(side*side)
		}
	}
	squares := 0.0
	for i := range cells {
		cells[i] -= mean
		squares += cells[i] * cells[i]
	}
	if squares < float64(side*side) { // less than one step of brightness: nothing is to be seen
		return out
	}
	for i, v := range cells {
		out[i] = float32(v / math.Sqrt(squares))
	}
	return out
}

// mirrored is the grid of the mirrored photograph.
func (g grid) mirrored(side int) grid {
	out := make(grid, len(g))
	for i, v := range g {
		out[i/side*side+side-1-i%side] = v
	}
	return out
}

func (g grid) correlation(o grid) (sum float64) {
	for i, v := range g {
		sum += float64(v) * float64(o[i])
	}
	return sum
}

// windows are the parts of a photograph that another may be: all of it, or all but a twentieth or a tenth at the sides.
var windows = func() (all [][3]float64) {
	all = append(all, [3]float64{0, 0, 1})
	for _, cut := range []float64{.05, .1} {
		for _, x := range []float64{0, cut / 2, cut} {
			for _, y := range []float64{0, cut / 2, cut} {
				all = append(all, [3]float64{x, y, 1 - cut})
			}
		}
	}
	return all
}()

// alike is the highest correlation of one whole with windows of the other, mirrored or not.
func alike(a, b *grey) (most float64) {
	for range 2 {
		whole := a.window(0, 0, 1, fine)
		mirror := whole.mirrored(fine)
		for _, w := range windows {
			part := b.window(w[0], w[1], w[2], fine)
			most = max(most, whole.correlation(part), mirror.correlation(part))
		}
		a, b = b, a
	}
	return min(most, 1)
}

// compare returns the candidates whose thumbnails show the same photograph. a and b read the thumbnails of either side of a pair, b nil:
// both sides are of one index. A thumbnail that cannot be read is like no other.
func compare(ctx context.Context, candidates map[pair]float32, a, b func(i int32) ([]byte, error), progress func(done, total int)) (map[pair]likeness, error) {
	order := make([]pair, 0, len(candidates))
	for p := range candidates {
		order = append(order, p)
	}
	slices.SortFunc(order, func(p, q pair) int { return cmp.Or(cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b)) })
	lefts := map[int32]grid{}
	rights, others := lefts, map[int32]grid(nil)
	if b == nil {
		b = a
	} else {
		others = map[int32]grid{}
		rights = others
	}
	for _, p := range order {
		lefts[p.a], rights[p.b] = nil, nil
	}
	tell := func(done int) {
		if progress != nil {
			progress(done, len(lefts)+len(others))
		}
	}
	if err := sketch(ctx, lefts, a, tell, 0); err != nil {
		return nil, err
	}
	if err := sketch(ctx, others, b, tell, len(lefts)); err != nil {
		return nil, err
	}
	out := map[pair]likeness{}
	var mu sync.Mutex
	likely := slices.DeleteFunc(order, func(p pair) bool {
		l, r := lefts[p.a], rights[p.b]
		return l == nil || r == nil || max(l.correlation(r), l.mirrored(coarse).correlation(r)) < coarseAlike
	})
	err := inParallel(ctx, len(likely), func(i int) {
		p := likely[i]
		left, right := greyOfJPEG(a, p.a), greyOfJPEG(b, p.b)
		if left == nil || right == nil {
			return
		}
		if c := alike(left, right); c >= fineAlike {
			mu.Lock()
			out[p] = likeness{candidates[p], c}
			mu.Unlock()
		}
	})
	return out, err
}

// sketch makes the coarse grids of thumbnails.
func sketch(ctx context.Context, grids map[int32]grid, thumbnail func(i int32) ([]byte, error), tell func(done int), before int) error {
	var order []int32
	for i := range grids {
		order = append(order, i)
	}
	slices.Sort(order)
	var mu sync.Mutex
	done := before
	return inParallel(ctx, len(order), func(i int) {
		var made grid
		if g := greyOfJPEG(thumbnail, order[i]); g != nil {
			made = g.window(0, 0, 1, coarse)
		}
		mu.Lock()
		defer mu.Unlock()
		grids[order[i]] = made
		if done++; done%256 == 0 || done == before+len(order) {
			tell(done)
		}
	})
}

func greyOfJPEG(thumbnail func(i int32) ([]byte, error), i int32) *grey {
	data, err := thumbnail(i)
	if err != nil {
		return nil
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds().Empty() {
		return nil
	}
	return greyOf(img)
}

// inParallel calls do for 0 to n-1 on all cores.
func inParallel(ctx context.Context, n int, do func(i int)) error {
	var workers sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	return ctx.Err()
}
