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
	counts := make([][]int32, workers) // integers: their sum is the same in any order
	for w := range counts {
		counts[w] = make([]int32, pairs)
	}
	parallel(workers, jobs, func(w, job int) {
		bi, bj := triangle(job)
		i0, j0 := bi*blockRows, bj*blockRows
		i1, j1 := min(i0+blockRows, n), min(j0+blockRows, n)
		s := &scratches[w]
		for _, p := range s.pieces(r.gallery.rows, j0, j1) {
			out := grow(&s.out, (i1-i0)*p.columns)
			similarity(out, r.queries.rows, i0, i1, r.gallery.rows, j0, p)
			r.countBlock(out, i0, i1, j0, p.columns, t, counts[w])
			if bi < bj {
				turned := grow(&s.turned, len(out))
				transpose(turned, out, i1-i0, p.columns)
				r.countBlock(turned, j0, j0+p.columns, i0, i1-i0, t, counts[w])
			}
			j0 += p.columns
		}
	}, r.progress(jobs))

	total := counts[0]
	for _, more := range counts[1:] {
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

func (r *ranking) countBlock(out []float32, q0, q1, g0, width int, t []float32, counts []int32) {
	for i := q0; i < q1; i++ {
		lo, hi := r.offset[i], r.offset[i+1]
		r.countSegments(i, g0, out[(i-q0)*width:(i-q0+1)*width], t[lo:hi], counts[lo:hi])
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
		for lo := c.lo; lo < c.hi; lo += blockColumns {
			hi := min(lo+blockColumns, c.hi)
			r.withClass(lo, hi, c, s, func(i int, row []float32) { r.thresholds(i, row, t[r.offset[i]:r.offset[i+1]]) })
		}
	}, nil)
}

// withClass hands take the products of each query lo..hi, all of one class, with the rows c of that class.
func (r *ranking) withClass(lo, hi int, c run, s *scratch, take func(i int, row []float32)) {
	size := c.hi - c.lo
	out := grow(&s.turned, (hi-lo)*size)
	for g0 := c.lo; g0 < c.hi; g0 += blockColumns {
		p := pack(&s.packed, r.gallery.block(g0, min(g0+blockColumns, c.hi)), r.gallery.dim)
		block := grow(&s.out, (hi-lo)*p.columns)
		similarity(block, r.queries.rows, lo, hi, r.gallery.rows, g0, p)
		for i := range hi - lo {
			copy(out[i*size+g0-c.lo:], block[i*p.columns:(i+1)*p.columns])
		}
	}
	for i := lo; i < hi; i++ {
		take(i, out[(i-lo)*size:(i-lo+1)*size])
	}
}

// queryWalk ranks some queries at a time against the whole gallery; thresholds are held for those alone.
func (r *ranking) queryWalk(workers int) Retrieval {
	n, g := r.queries.n(), r.gallery.n()
	most := 1
	for i := range n {
		most = max(most, r.count(i))
	}
	step := queryStep(n, workers, heldPairs/8/most)
	jobs := (n + step - 1) / step
	workers = workerCount(workers, jobs)
	type worker struct {
		scratch
		t      []float32
		counts []int32
	}
	held := make([]worker, workers)
	out := Retrieval{Queries: make([]Query, n)}
	parallel(workers, jobs, func(w, job int) {
		s := &held[w]
		q0, q1 := job*step, min((job+1)*step, n)
		base := r.offset[q0]
		t := grow(&s.t, r.offset[q1]-base)
		counts := grow(&s.counts, len(t))
		clear(counts)
		for lo := q0; lo < q1; {
			hi := lo
			for hi < q1 && hi < lo+blockColumns && r.queries.labels[hi] == r.queries.labels[lo] {
				hi++
			}
			r.withClass(lo, hi, r.positives[lo], &s.scratch, func(i int, row []float32) { r.thresholds(i, row, t[r.offset[i]-base:r.offset[i+1]-base]) })
			lo = hi
		}
		for g0 := 0; g0 < g; g0 += blockColumns {
			p := pack(&s.packed, r.gallery.block(g0, min(g0+blockColumns, g)), r.gallery.dim)
			for lo := q0; lo < q1; lo += blockRows {
				hi := min(lo+blockRows, q1)
				block := grow(&s.out, (hi-lo)*p.columns)
				similarity(block, r.queries.rows, lo, hi, r.gallery.rows, g0, p)
				for i := lo; i < hi; i++ {
					a, b := r.offset[i]-base, r.offset[i+1]-base
					r.countSegments(i, g0, block[(i-lo)*p.columns:(i-lo+1)*p.columns], t[a:b], counts[a:b])
				}
			}
		}
		for i := q0; i < q1; i++ {
			r.collect(i, counts[r.offset[i]-base:r.offset[i+1]-base], &out)
		}
	}, r.progress(jobs))
	return r.finish(out)
}

// queryStep is how many queries share a walk over the gallery: enough to repay its packing, few enough to keep all workers busy.
func queryStep(n, workers, most int) int {
	step := min(4*blockRows, (n+4*workerCount(workers, n)-1)/(4*workerCount(workers, n)))
	return max(16, min(step, most))
}

func (r *ranking) progress(total int) func(int) {
	if r.options.Progress == nil {
		return nil
	}
	return func(done int) { r.options.Progress(done, total) }
}
