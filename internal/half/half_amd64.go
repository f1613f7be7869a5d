//go:build !purego && !noasm

package half

import "unsafe"

// assembly is the implementations in assembly, best first.
func assembly() []*Implementation { return []*Implementation{avx512(), avx2()} }

// avx512 is AVX-512.
func avx512() *Implementation {
	return &Implementation{
		Name: "avx512",
		Converters: Converters{
			WidenBF16:  sixteens(widenBF16AVX512, widenBF16Generic, 4, 2),
			NarrowBF16: sixteens(narrowBF16AVX512, narrowBF16Generic, 2, 4),
			WidenF16:   sixteens(widenF16AVX512, widenF16Generic, 4, 2),
			NarrowF16:  sixteens(narrowF16AVX512, narrowF16Generic, 2, 4),
			Split:      sixteens3(splitAVX512, splitGeneric, 2, 2, 4),
			Join:       sixteens3(joinAVX512, joinGeneric, 4, 2, 2),

			StochasticBF16: sixteensAtRandom(stochasticBF16AVX512, stochasticBF16Generic),
			StochasticF16:  sixteensAtRandom(stochasticF16AVX512, stochasticF16Generic),

			SplitKahan: sixteens3(splitKahanAVX512, splitKahanGeneric, 2, 2, 4),
			JoinKahan:  sixteens3(joinKahanAVX512, joinKahanGeneric, 4, 2, 2),
		},
		Fused: Fused{
			Nearest: [NumStorages]Rules{
				StoreBF16:          {paperBF16AVX512, cautiousBF16AVX512},
				StoreF16:           {paperF16AVX512, cautiousF16AVX512},
				StoreMasterBF16:    {paperMasterBF16AVX512, cautiousMasterBF16AVX512},
				StoreMasterBF16M16: {paperMasterBF16M16AVX512, cautiousMasterBF16M16AVX512},
				StoreMasterF16:     {paperMasterF16AVX512, cautiousMasterF16AVX512},
				StoreF32M16:        {paperF32M16AVX512, cautiousF32M16AVX512},
				StoreSplit:         {paperSplitAVX512, cautiousSplitAVX512},
				StoreKahan:         {paperKahanAVX512, cautiousKahanAVX512},
			},
			Random: [NumStorages]Rules{
				StoreBF16: {paperRandomBF16AVX512, cautiousRandomBF16AVX512},
				StoreF16:  {paperRandomF16AVX512, cautiousRandomF16AVX512},
			},
		},
	}
}

// avx2 is AVX2.
func avx2() *Implementation {
	return &Implementation{
		Name: "avx2",
		Converters: Converters{
			WidenBF16:  sixteens(widenBF16AVX2, widenBF16Generic, 4, 2),
			NarrowBF16: sixteens(narrowBF16AVX2, narrowBF16Generic, 2, 4),
			WidenF16:   sixteens(widenF16AVX2, widenF16Generic, 4, 2),
			NarrowF16:  sixteens(narrowF16AVX2, narrowF16Generic, 2, 4),
			Split:      sixteens3(splitAVX2, splitGeneric, 2, 2, 4),
			Join:       sixteens3(joinAVX2, joinGeneric, 4, 2, 2),

			StochasticBF16: sixteensAtRandom(stochasticBF16AVX2, stochasticBF16Generic),
			StochasticF16:  sixteensAtRandom(stochasticF16AVX2, stochasticF16Generic),

			SplitKahan: sixteens3(splitKahanAVX2, splitKahanGeneric, 2, 2, 4),
			JoinKahan:  sixteens3(joinKahanAVX2, joinKahanGeneric, 4, 2, 2),
		},
		Fused: Fused{
			Nearest: [NumStorages]Rules{
				StoreBF16:          {paperBF16AVX2, cautiousBF16AVX2},
				StoreF16:           {paperF16AVX2, cautiousF16AVX2},
				StoreMasterBF16:    {paperMasterBF16AVX2, cautiousMasterBF16AVX2},
				StoreMasterBF16M16: {paperMasterBF16M16AVX2, cautiousMasterBF16M16AVX2},
				StoreMasterF16:     {paperMasterF16AVX2, cautiousMasterF16AVX2},
				StoreF32M16:        {paperF32M16AVX2, cautiousF32M16AVX2},
				StoreSplit:         {paperSplitAVX2, cautiousSplitAVX2},
				StoreKahan:         {paperKahanAVX2, cautiousKahanAVX2},
			},
			Random: [NumStorages]Rules{
				StoreBF16: {paperRandomBF16AVX2, cautiousRandomBF16AVX2},
				StoreF16:  {paperRandomF16AVX2, cautiousRandomF16AVX2},
			},
		},
	}
}

// The converters want a positive multiple of 16 elements, the steps one of Unit.

func widenBF16AVX512(dst, src unsafe.Pointer, n int)
func narrowBF16AVX512(dst, src unsafe.Pointer, n int)
func widenF16AVX512(dst, src unsafe.Pointer, n int)
func narrowF16AVX512(dst, src unsafe.Pointer, n int)
func splitAVX512(hi, lo, weight unsafe.Pointer, n int)
func joinAVX512(weight, hi, lo unsafe.Pointer, n int)
func stochasticBF16AVX512(dst, src unsafe.Pointer, n int, d Draws)
func stochasticF16AVX512(dst, src unsafe.Pointer, n int, d Draws)
func splitKahanAVX512(param, compensation, weight unsafe.Pointer, n int)
func joinKahanAVX512(weight, param, compensation unsafe.Pointer, n int)

func paperBF16AVX512(a *Args) (nan uint32)
func cautiousBF16AVX512(a *Args) (nan uint32)
func paperF16AVX512(a *Args) (nan uint32)
func cautiousF16AVX512(a *Args) (nan uint32)
func paperMasterBF16AVX512(a *Args) (nan uint32)
func cautiousMasterBF16AVX512(a *Args) (nan uint32)
func paperMasterBF16M16AVX512(a *Args) (nan uint32)
func cautiousMasterBF16M16AVX512(a *Args) (nan uint32)
func paperMasterF16AVX512(a *Args) (nan uint32)
func cautiousMasterF16AVX512(a *Args) (nan uint32)
func paperF32M16AVX512(a *Args) (nan uint32)
func cautiousF32M16AVX512(a *Args) (nan uint32)
func paperSplitAVX512(a *Args) (nan uint32)
func cautiousSplitAVX512(a *Args) (nan uint32)
func paperKahanAVX512(a *Args) (nan uint32)
func cautiousKahanAVX512(a *Args) (nan uint32)
func paperRandomBF16AVX512(a *Args) (nan uint32)
func cautiousRandomBF16AVX512(a *Args) (nan uint32)
func paperRandomF16AVX512(a *Args) (nan uint32)
func cautiousRandomF16AVX512(a *Args) (nan uint32)

func widenBF16AVX2(dst, src unsafe.Pointer, n int)
func narrowBF16AVX2(dst, src unsafe.Pointer, n int)
func widenF16AVX2(dst, src unsafe.Pointer, n int)
func narrowF16AVX2(dst, src unsafe.Pointer, n int)
func splitAVX2(hi, lo, weight unsafe.Pointer, n int)
func joinAVX2(weight, hi, lo unsafe.Pointer, n int)
func stochasticBF16AVX2(dst, src unsafe.Pointer, n int, d Draws)
func stochasticF16AVX2(dst, src unsafe.Pointer, n int, d Draws)
func splitKahanAVX2(param, compensation, weight unsafe.Pointer, n int)
func joinKahanAVX2(weight, param, compensation unsafe.Pointer, n int)

func paperBF16AVX2(a *Args) (nan uint32)
func cautiousBF16AVX2(a *Args) (nan uint32)
func paperF16AVX2(a *Args) (nan uint32)
func cautiousF16AVX2(a *Args) (nan uint32)
func paperMasterBF16AVX2(a *Args) (nan uint32)
func cautiousMasterBF16AVX2(a *Args) (nan uint32)
func paperMasterBF16M16AVX2(a *Args) (nan uint32)
func cautiousMasterBF16M16AVX2(a *Args) (nan uint32)
func paperMasterF16AVX2(a *Args) (nan uint32)
func cautiousMasterF16AVX2(a *Args) (nan uint32)
func paperF32M16AVX2(a *Args) (nan uint32)
func cautiousF32M16AVX2(a *Args) (nan uint32)
func paperSplitAVX2(a *Args) (nan uint32)
func cautiousSplitAVX2(a *Args) (nan uint32)
func paperKahanAVX2(a *Args) (nan uint32)
func cautiousKahanAVX2(a *Args) (nan uint32)
func paperRandomBF16AVX2(a *Args) (nan uint32)
func cautiousRandomBF16AVX2(a *Args) (nan uint32)
func paperRandomF16AVX2(a *Args) (nan uint32)
func cautiousRandomF16AVX2(a *Args) (nan uint32)
