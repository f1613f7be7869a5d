//go:build !purego && !noasm

package limit

import "golang.org/x/sys/cpu"

func init() {
	x := &cpu.X86
	if !x.HasAVX2 {
		return
	}
	isas = []isa{{"avx2", [numShapes][2]run{
		shape111:  {avx2_111, avx2_111pf},
		shape1111: {avx2_1111, avx2_1111pf},
		shape221:  {avx2_221, avx2_221pf},
		shape212s: {avx2_212s, avx2_212spf},
		shape211s: {avx2_211s, avx2_211spf},
		shapeRead: {avx2_read, avx2_readpf},
	}}}
	if !(x.HasAVX512F && x.HasAVX512CD && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL) {
		return
	}
	isas = append([]isa{{"avx512", [numShapes][2]run{
		shape111:  {avx512_111, avx512_111pf},
		shape1111: {avx512_1111, avx512_1111pf},
		shape221:  {avx512_221, avx512_221pf},
		shape212s: {avx512_212s, avx512_212spf},
		shape211s: {avx512_211s, avx512_211spf},
		shapeRead: {avx512_read, avx512_readpf},
	}}}, isas...)
}

// Each runs n ≥ 1 blocks of the shape it is named after; pf prefetches.

//go:noescape
func avx2_111(s *streams, n int)

//go:noescape
func avx2_111pf(s *streams, n int)

//go:noescape
func avx2_1111(s *streams, n int)

//go:noescape
func avx2_1111pf(s *streams, n int)

//go:noescape
func avx2_221(s *streams, n int)

//go:noescape
func avx2_221pf(s *streams, n int)

//go:noescape
func avx2_212s(s *streams, n int)

//go:noescape
func avx2_212spf(s *streams, n int)

//go:noescape
func avx2_211s(s *streams, n int)

//go:noescape
func avx2_211spf(s *streams, n int)

//go:noescape
func avx2_read(s *streams, n int)

//go:noescape
func avx2_readpf(s *streams, n int)

//go:noescape
func avx512_111(s *streams, n int)

//go:noescape
func avx512_111pf(s *streams, n int)

//go:noescape
func avx512_1111(s *streams, n int)

//go:noescape
func avx512_1111pf(s *streams, n int)

//go:noescape
func avx512_221(s *streams, n int)

//go:noescape
func avx512_221pf(s *streams, n int)

//go:noescape
func avx512_212s(s *streams, n int)

//go:noescape
func avx512_212spf(s *streams, n int)

//go:noescape
func avx512_211s(s *streams, n int)

//go:noescape
func avx512_211spf(s *streams, n int)

//go:noescape
func avx512_read(s *streams, n int)

//go:noescape
func avx512_readpf(s *streams, n int)
