package evaluate

// halfWalk ranks rows that search themselves: the block of rows I against rows J serves the queries of both, so that only blocks with I <= J
// are computed.
func (r *ranking) halfWalk(workers int) Retrieval {
	n := r.queries.n()
	pairs := r.offset[n]
	t := make([]float32, pairs)
	scratches := make([]scratch, workers)
	r.eachClass(workers, scratches, t)

	blocks := (n + blockRows - 1) / blockRows
	jobs := blocks * (blocks + 1) / 2
	above := make([][]int32, workers) // integers: their sum is the same in any order
	for w := range above {
		above[w] = make([]int32, pairs)
	}
	parallel(workers, jobs, func(w, job int) {
		bi, bj := triangle(job)
		i0, j0 := bi*blockRows, bj*blockRows
		i1, j1 := min(i0+blockRows, n), min(j0+blockRows, n)
		s := &scratches[w]
		rows, cols := i1-i0, j1-j0
		out := grow(&s.out, rows*cols)
		similarity(out, r.queries.rows, i0, i1, r.gallery.rows, j0, j1, s)
		r.countBlock(out, i0, i1, j0, cols, t, above[w])
		if bi == bj {
			return
		}
		turned := grow(&s.turned, rows*cols)
		transpose(turned, out, rows, cols)
		r.countBlock(turned, j0, j1, i0, rows, t, above[w])
	}, r.progress(jobs))

	total := above[0]
	for _, more := range above[1:] {
		for i, c := range more {
			total[i] += c
		}
	}
	out := Retrieval{Queries: make([]Query, n)}
	for i := range n {
		r.collect(i, total[r.offset[i]:r.offset[i+1]], &out)
	}
	return r.finish(out)
}

func (r *ranking) countBlock(out []float32, q0, q1, g0, width int, t []float32, above []int32) {
	for i := q0; i < q1; i++ {
		lo, hi := r.offset[i], r.offset[i+1]
		r.countSegments(i, g0, out[(i-q0)*width:(i-q0+1)*width], t[lo:hi], above[lo:hi])
	}
}

// triangle numbers the blocks with i <= j: 0,0; 0,1; 1,1; 0,2; ...
func triangle(job int) (i, j int) {
	for job > j {
		j++
		job -= j
	}
	return job, j
}

// eachClass fills t with the thresholds of all rows, class by class.
func (r *ranking) eachClass(workers int, scratches []scratch, t []float32) {
	var classes []run
	for lo := 0; lo < len(r.positives); lo = r.positives[lo].hi {
		classes = append(classes, r.positives[lo])
	}
	parallel(workers, len(classes), func(w, job int) {
		c, s := classes[job], &scratches[w]
		size := c.hi - c.lo
		for lo := c.lo; lo < c.hi; lo += blockRows {
			hi := min(lo+blockRows, c.hi)
			out := grow(&s.out, (hi-lo)*size)
			similarity(out, r.queries.rows, lo, hi, r.gallery.rows, c.lo, c.hi, s)
			for i := lo; i < hi; i++ {
				r.thresholds(i, out[(i-lo)*size:(i-lo+1)*size], t[r.offset[i]:r.offset[i+1]])
			}
		}
	}, nil)
}

// queryWalk ranks a few queries at a time against the whole gallery; thresholds are held for those few alone.
func (r *ranking) queryWalk(workers int) Retrieval {
	n, g := r.queries.n(), r.gallery.n()
	most := 1
	for i := range n {
		most = max(most, r.count(i))
	}
	step := max(16, min(blockRows, heldPairs/8/most))
	jobs := (n + step - 1) / step
	workers = workerCount(workers, jobs)
	type worker struct {
		scratch
		t     []float32
		above []int32
	}
	held := make([]worker, workers)
	out := Retrieval{Queries: make([]Query, n)}
	parallel(workers, jobs, func(w, job int) {
		s := &held[w]
		q0, q1 := job*step, min((job+1)*step, n)
		base := r.offset[q0]
		t := grow(&s.t, r.offset[q1]-base)
		above := grow(&s.above, len(t))
		clear(above)
		for i := q0; i < q1; i++ {
			p := r.positives[i]
			row := grow(&s.out, p.hi-p.lo)
			similarity(row, r.queries.rows, i, i+1, r.gallery.rows, p.lo, p.hi, &s.scratch)
			r.thresholds(i, row, t[r.offset[i]-base:r.offset[i+1]-base])
		}
		for g0 := 0; g0 < g; g0 += blockRows {
			g1 := min(g0+blockRows, g)
			block := grow(&s.out, (q1-q0)*(g1-g0))
			similarity(block, r.queries.rows, q0, q1, r.gallery.rows, g0, g1, &s.scratch)
			for i := q0; i < q1; i++ {
				lo, hi := r.offset[i]-base, r.offset[i+1]-base
				r.countSegments(i, g0, block[(i-q0)*(g1-g0):(i-q0+1)*(g1-g0)], t[lo:hi], above[lo:hi])
			}
		}
		for i := q0; i < q1; i++ {
			r.collect(i, above[r.offset[i]-base:r.offset[i+1]-base], &out)
		}
	}, r.progress(jobs))
	return r.finish(out)
}

func (r *ranking) progress(total int) func(int) {
	if r.options.Progress == nil {
		return nil
	}
	return func(done int) { r.options.Progress(done, total) }
}

// transpose sets dst [cols, rows] to src [rows, cols] turned, in tiles that stay in cache.
func transpose(dst, src []float32, rows, cols int) {
	const tile = 16
	for i0 := 0; i0 < rows; i0 += tile {
		i1 := min(i0+tile, rows)
		for j0 := 0; j0 < cols; j0 += tile {
			j1 := min(j0+tile, cols)
			for j := j0; j < j1; j++ {
				d := dst[j*rows : (j+1)*rows]
				for i := i0; i < i1; i++ {
					d[i] = src[i*cols+j]
				}
			}
		}
	}
}
