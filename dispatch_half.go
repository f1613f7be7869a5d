//go:build (amd64 || arm64) && !purego && !noasm

package lion

import "unsafe"

// This file declares the assembly of the 16-bit formats and of the statistics of all
// formats; dispatch_amd64.go and dispatch_arm64.go put it into the table.

func avx512Converters() converters {
	return converters{
		widenBF16:  sixteens(widenBF16AVX512, widenBF16Generic, 4, 2),
		narrowBF16: sixteens(narrowBF16AVX512, narrowBF16Generic, 2, 4),
		widenF16:   sixteens(widenF16AVX512, widenF16Generic, 4, 2),
		narrowF16:  sixteens(narrowF16AVX512, narrowF16Generic, 2, 4),
		split:      sixteens3(splitAVX512, splitGeneric, 2, 2, 4),
		join:       sixteens3(joinAVX512, joinGeneric, 4, 2, 2),

		stochasticBF16: sixteensAtRandom(stochasticBF16AVX512, stochasticBF16Generic),
		stochasticF16:  sixteensAtRandom(stochasticF16AVX512, stochasticF16Generic),

		splitKahan: sixteens3(splitKahanAVX512, splitKahanGeneric, 2, 2, 4),
		joinKahan:  sixteens3(joinKahanAVX512, joinKahanGeneric, 4, 2, 2),
	}
}

func avx2Converters() converters {
	return converters{
		widenBF16:  sixteens(widenBF16AVX2, widenBF16Generic, 4, 2),
		narrowBF16: sixteens(narrowBF16AVX2, narrowBF16Generic, 2, 4),
		widenF16:   sixteens(widenF16AVX2, widenF16Generic, 4, 2),
		narrowF16:  sixteens(narrowF16AVX2, narrowF16Generic, 2, 4),
		split:      sixteens3(splitAVX2, splitGeneric, 2, 2, 4),
		join:       sixteens3(joinAVX2, joinGeneric, 4, 2, 2),

		stochasticBF16: sixteensAtRandom(stochasticBF16AVX2, stochasticBF16Generic),
		stochasticF16:  sixteensAtRandom(stochasticF16AVX2, stochasticF16Generic),

		splitKahan: sixteens3(splitKahanAVX2, splitKahanGeneric, 2, 2, 4),
		joinKahan:  sixteens3(joinKahanAVX2, joinKahanGeneric, 4, 2, 2),
	}
}

func neonConverters() converters {
	return converters{
		widenBF16:  sixteens(widenBF16NEON, widenBF16Generic, 4, 2),
		narrowBF16: sixteens(narrowBF16NEON, narrowBF16Generic, 2, 4),
		widenF16:   sixteens(widenF16NEON, widenF16Generic, 4, 2),
		narrowF16:  sixteens(narrowF16NEON, narrowF16Generic, 2, 4),
		split:      sixteens3(splitNEON, splitGeneric, 2, 2, 4),
		join:       sixteens3(joinNEON, joinGeneric, 4, 2, 2),

		stochasticBF16: sixteensAtRandom(stochasticBF16NEON, stochasticBF16Generic),
		stochasticF16:  sixteensAtRandom(stochasticF16NEON, stochasticF16Generic),

		splitKahan: sixteens3(splitKahanNEON, splitKahanGeneric, 2, 2, 4),
		joinKahan:  sixteens3(joinKahanNEON, joinKahanGeneric, 4, 2, 2),
	}
}

//go:noescape
func widenBF16AVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowBF16AVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func widenF16AVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowF16AVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func splitAVX512(hi, lo, weight unsafe.Pointer, n int)

//go:noescape
func joinAVX512(weight, hi, lo unsafe.Pointer, n int)

//go:noescape
func widenBF16AVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowBF16AVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func widenF16AVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowF16AVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func splitAVX2(hi, lo, weight unsafe.Pointer, n int)

//go:noescape
func joinAVX2(weight, hi, lo unsafe.Pointer, n int)

//go:noescape
func widenBF16NEON(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowBF16NEON(dst, src unsafe.Pointer, n int)

//go:noescape
func widenF16NEON(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowF16NEON(dst, src unsafe.Pointer, n int)

//go:noescape
func splitNEON(hi, lo, weight unsafe.Pointer, n int)

//go:noescape
func joinNEON(weight, hi, lo unsafe.Pointer, n int)

func avx512Fused() fusedKernels {
	return fusedKernels{
		{storeBF16, paperBF16AVX512, cautiousBF16AVX512},
		{storeF16, paperF16AVX512, cautiousF16AVX512},
		{storeMasterBF16, paperMasterBF16AVX512, cautiousMasterBF16AVX512},
		{storeMasterBF16M16, paperMasterBF16M16AVX512, cautiousMasterBF16M16AVX512},
		{storeMasterF16, paperMasterF16AVX512, cautiousMasterF16AVX512},
		{storeF32M16, paperF32M16AVX512, cautiousF32M16AVX512},
		{storeSplit, paperSplitAVX512, cautiousSplitAVX512},
		{storeKahan, paperKahanAVX512, cautiousKahanAVX512},
		{storeBF16.atRandom(), paperRandomBF16AVX512, cautiousRandomBF16AVX512},
		{storeF16.atRandom(), paperRandomF16AVX512, cautiousRandomF16AVX512},
	}
}

func avx2Fused() fusedKernels {
	return fusedKernels{
		{storeBF16, paperBF16AVX2, cautiousBF16AVX2},
		{storeF16, paperF16AVX2, cautiousF16AVX2},
		{storeMasterBF16, paperMasterBF16AVX2, cautiousMasterBF16AVX2},
		{storeMasterBF16M16, paperMasterBF16M16AVX2, cautiousMasterBF16M16AVX2},
		{storeMasterF16, paperMasterF16AVX2, cautiousMasterF16AVX2},
		{storeF32M16, paperF32M16AVX2, cautiousF32M16AVX2},
		{storeSplit, paperSplitAVX2, cautiousSplitAVX2},
		{storeKahan, paperKahanAVX2, cautiousKahanAVX2},
		{storeBF16.atRandom(), paperRandomBF16AVX2, cautiousRandomBF16AVX2},
		{storeF16.atRandom(), paperRandomF16AVX2, cautiousRandomF16AVX2},
	}
}

func neonFused() fusedKernels {
	return fusedKernels{
		{storeBF16, paperBF16NEON, cautiousBF16NEON},
		{storeF16, paperF16NEON, cautiousF16NEON},
		{storeMasterBF16, paperMasterBF16NEON, cautiousMasterBF16NEON},
		{storeMasterBF16M16, paperMasterBF16M16NEON, cautiousMasterBF16M16NEON},
		{storeMasterF16, paperMasterF16NEON, cautiousMasterF16NEON},
		{storeF32M16, paperF32M16NEON, cautiousF32M16NEON},
		{storeSplit, paperSplitNEON, cautiousSplitNEON},
		{storeKahan, paperKahanNEON, cautiousKahanNEON},
		{storeBF16.atRandom(), paperRandomBF16NEON, cautiousRandomBF16NEON},
		{storeF16.atRandom(), paperRandomF16NEON, cautiousRandomF16NEON},
	}
}

//go:noescape
func paperBF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousBF16AVX512(a *args) (nan uint32)

//go:noescape
func paperF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousF16AVX512(a *args) (nan uint32)

//go:noescape
func paperMasterBF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16AVX512(a *args) (nan uint32)

//go:noescape
func paperMasterBF16M16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16M16AVX512(a *args) (nan uint32)

//go:noescape
func paperMasterF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousMasterF16AVX512(a *args) (nan uint32)

//go:noescape
func paperF32M16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousF32M16AVX512(a *args) (nan uint32)

//go:noescape
func paperSplitAVX512(a *args) (nan uint32)

//go:noescape
func cautiousSplitAVX512(a *args) (nan uint32)

//go:noescape
func paperKahanAVX512(a *args) (nan uint32)

//go:noescape
func cautiousKahanAVX512(a *args) (nan uint32)

//go:noescape
func paperBF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousBF16AVX2(a *args) (nan uint32)

//go:noescape
func paperF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousF16AVX2(a *args) (nan uint32)

//go:noescape
func paperMasterBF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16AVX2(a *args) (nan uint32)

//go:noescape
func paperMasterBF16M16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16M16AVX2(a *args) (nan uint32)

//go:noescape
func paperMasterF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousMasterF16AVX2(a *args) (nan uint32)

//go:noescape
func paperF32M16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousF32M16AVX2(a *args) (nan uint32)

//go:noescape
func paperSplitAVX2(a *args) (nan uint32)

//go:noescape
func cautiousSplitAVX2(a *args) (nan uint32)

//go:noescape
func paperKahanAVX2(a *args) (nan uint32)

//go:noescape
func cautiousKahanAVX2(a *args) (nan uint32)

//go:noescape
func paperBF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousBF16NEON(a *args) (nan uint32)

//go:noescape
func paperF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousF16NEON(a *args) (nan uint32)

//go:noescape
func paperMasterBF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16NEON(a *args) (nan uint32)

//go:noescape
func paperMasterBF16M16NEON(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16M16NEON(a *args) (nan uint32)

//go:noescape
func paperMasterF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousMasterF16NEON(a *args) (nan uint32)

//go:noescape
func paperF32M16NEON(a *args) (nan uint32)

//go:noescape
func cautiousF32M16NEON(a *args) (nan uint32)

//go:noescape
func paperSplitNEON(a *args) (nan uint32)

//go:noescape
func cautiousSplitNEON(a *args) (nan uint32)

//go:noescape
func paperKahanNEON(a *args) (nan uint32)

//go:noescape
func cautiousKahanNEON(a *args) (nan uint32)

//go:noescape
func stochasticBF16AVX512(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticF16AVX512(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticBF16AVX2(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticF16AVX2(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticBF16NEON(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticF16NEON(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func splitKahanAVX512(param, compensation, weight unsafe.Pointer, n int)

//go:noescape
func joinKahanAVX512(weight, param, compensation unsafe.Pointer, n int)

//go:noescape
func splitKahanAVX2(param, compensation, weight unsafe.Pointer, n int)

//go:noescape
func joinKahanAVX2(weight, param, compensation unsafe.Pointer, n int)

//go:noescape
func splitKahanNEON(param, compensation, weight unsafe.Pointer, n int)

//go:noescape
func joinKahanNEON(weight, param, compensation unsafe.Pointer, n int)

//go:noescape
func paperRandomBF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousRandomBF16AVX512(a *args) (nan uint32)

//go:noescape
func paperRandomF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousRandomF16AVX512(a *args) (nan uint32)

//go:noescape
func paperRandomBF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousRandomBF16AVX2(a *args) (nan uint32)

//go:noescape
func paperRandomF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousRandomF16AVX2(a *args) (nan uint32)

//go:noescape
func paperRandomBF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousRandomBF16NEON(a *args) (nan uint32)

//go:noescape
func paperRandomF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousRandomF16NEON(a *args) (nan uint32)
