package evaluate

import "testing"

// The size of Cars196's test half: 8,131 rows in 98 classes.
const benchRows, benchDim, benchClasses = 8131, 512, 98

func BenchmarkRetrieve(b *testing.B) {
	x, labels := likeProducts(benchRows, benchDim, benchClasses)
	for b.Loop() {
		if _, err := Retrieve(x, benchDim, labels, RetrieveOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	x, _ := likeProducts(benchRows, benchDim, benchClasses)
	for b.Loop() {
		if _, err := Search(nil, x, benchDim, 32, RetrieveOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKMeans(b *testing.B) {
	x, _ := likeProducts(benchRows, benchDim, benchClasses)
	for _, c := range []struct {
		name  string
		batch int
	}{{"Lloyd", 0}, {"MiniBatch", 1024}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				r, err := KMeans(x, benchDim, KMeansOptions{Clusters: benchClasses, MiniBatch: c.batch})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(r.Inertia, "inertia")
				b.ReportMetric(float64(r.Iterations), "passes")
			}
		})
	}
}
