//go:build !purego && !noasm

package limit

// NEON is part of arm64.
func init() {
	isas = []isa{{"neon", [numShapes][2]run{
		shape111:  {neon_111, neon_111pf},
		shape1111: {neon_1111, neon_1111pf},
		shape221:  {neon_221, neon_221pf},
		shape212s: {neon_212s, neon_212spf},
		shape211s: {neon_211s, neon_211spf},
		shapeRead: {neon_read, neon_readpf},
	}}}
}

// Each runs n ≥ 1 blocks of the shape it is named after; pf prefetches.

//go:noescape
func neon_111(s *streams, n int)

//go:noescape
func neon_111pf(s *streams, n int)

//go:noescape
func neon_1111(s *streams, n int)

//go:noescape
func neon_1111pf(s *streams, n int)

//go:noescape
func neon_221(s *streams, n int)

//go:noescape
func neon_221pf(s *streams, n int)

//go:noescape
func neon_212s(s *streams, n int)

//go:noescape
func neon_212spf(s *streams, n int)

//go:noescape
func neon_211s(s *streams, n int)

//go:noescape
func neon_211spf(s *streams, n int)

//go:noescape
func neon_read(s *streams, n int)

//go:noescape
func neon_readpf(s *streams, n int)
