//go:build !purego && !noasm

package half

import "unsafe"

// assembly is the implementations in assembly.
func assembly() []*Implementation { return []*Implementation{neon()} }

// neon is NEON.
func neon() *Implementation {
	return &Implementation{
		Name: "neon",
		Converters: Converters{
			WidenBF16:  sixteens(widenBF16NEON, widenBF16Generic, 4, 2),
			NarrowBF16: sixteens(narrowBF16NEON, narrowBF16Generic, 2, 4),
			WidenF16:   sixteens(widenF16NEON, widenF16Generic, 4, 2),
			NarrowF16:  sixteens(narrowF16NEON, narrowF16Generic, 2, 4),
			Split:      sixteens3(splitNEON, splitGeneric, 2, 2, 4),
			Join:       sixteens3(joinNEON, joinGeneric, 4, 2, 2),

			StochasticBF16: sixteensAtRandom(stochasticBF16NEON, stochasticBF16Generic),
			StochasticF16:  sixteensAtRandom(stochasticF16NEON, stochasticF16Generic),

			SplitKahan: sixteens3(splitKahanNEON, splitKahanGeneric, 2, 2, 4),
			JoinKahan:  sixteens3(joinKahanNEON, joinKahanGeneric, 4, 2, 2),
		},
		Units: true,
		Fused: Fused{
			Nearest: [NumStorages]Rules{
				StoreBF16:          {paperBF16NEON, cautiousBF16NEON},
				StoreF16:           {paperF16NEON, cautiousF16NEON},
				StoreMasterBF16:    {paperMasterBF16NEON, cautiousMasterBF16NEON},
				StoreMasterBF16M16: {paperMasterBF16M16NEON, cautiousMasterBF16M16NEON},
				StoreMasterF16:     {paperMasterF16NEON, cautiousMasterF16NEON},
				StoreF32M16:        {paperF32M16NEON, cautiousF32M16NEON},
				StoreSplit:         {paperSplitNEON, cautiousSplitNEON},
				StoreKahan:         {paperKahanNEON, cautiousKahanNEON},
			},
			Random: [NumStorages]Rules{
				StoreBF16: {paperRandomBF16NEON, cautiousRandomBF16NEON},
				StoreF16:  {paperRandomF16NEON, cautiousRandomF16NEON},
			},
		},
	}
}

// The converters want a positive multiple of 16 elements, the steps one of Unit.

func widenBF16NEON(dst, src unsafe.Pointer, n int)
func narrowBF16NEON(dst, src unsafe.Pointer, n int)
func widenF16NEON(dst, src unsafe.Pointer, n int)
func narrowF16NEON(dst, src unsafe.Pointer, n int)
func splitNEON(hi, lo, weight unsafe.Pointer, n int)
func joinNEON(weight, hi, lo unsafe.Pointer, n int)
func stochasticBF16NEON(dst, src unsafe.Pointer, n int, d Draws)
func stochasticF16NEON(dst, src unsafe.Pointer, n int, d Draws)
func splitKahanNEON(param, compensation, weight unsafe.Pointer, n int)
func joinKahanNEON(weight, param, compensation unsafe.Pointer, n int)

func paperBF16NEON(a *Args) (nan uint32)
func cautiousBF16NEON(a *Args) (nan uint32)
func paperF16NEON(a *Args) (nan uint32)
func cautiousF16NEON(a *Args) (nan uint32)
func paperMasterBF16NEON(a *Args) (nan uint32)
func cautiousMasterBF16NEON(a *Args) (nan uint32)
func paperMasterBF16M16NEON(a *Args) (nan uint32)
func cautiousMasterBF16M16NEON(a *Args) (nan uint32)
func paperMasterF16NEON(a *Args) (nan uint32)
func cautiousMasterF16NEON(a *Args) (nan uint32)
func paperF32M16NEON(a *Args) (nan uint32)
func cautiousF32M16NEON(a *Args) (nan uint32)
func paperSplitNEON(a *Args) (nan uint32)
func cautiousSplitNEON(a *Args) (nan uint32)
func paperKahanNEON(a *Args) (nan uint32)
func cautiousKahanNEON(a *Args) (nan uint32)
func paperRandomBF16NEON(a *Args) (nan uint32)
func cautiousRandomBF16NEON(a *Args) (nan uint32)
func paperRandomF16NEON(a *Args) (nan uint32)
func cautiousRandomF16NEON(a *Args) (nan uint32)
