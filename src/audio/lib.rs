//! Pure sample work: resampling, voice activity, levels, tones, wav files
