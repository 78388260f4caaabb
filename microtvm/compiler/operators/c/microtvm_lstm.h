/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM over a sequence with int8 weights and activations, and cell states of int16;
 * microtvm/compiler/operators/lstm.py says the same in NumPy. */
#ifndef MICROTVM_LSTM_H_
#define MICROTVM_LSTM_H_

#include <string.h>

#include "microtvm_accumulator.h"
#include "microtvm_fixed_point.h"

typedef struct {
    int32_t multiplier, shift;
} mt_lstm_scale;

typedef struct {
    int32_t steps, width, cells;
    int32_t gates;                   /* 4; 3 where what the forget gate leaves is let in */
    int32_t input_step, output_step; /* elements from one step to the next */
    int32_t cell_bits;               /* after the point of a cell's state */
    int32_t clip;                    /* of a cell's state; 0: none */
    mt_lstm_scale input[4], recurrent[4], hidden;
    int32_t hidden_zero;
} mt_lstm_layer;

static inline int32_t mt_lstm_sum(const int8_t *x, MICROTVM_FLASH int8_t *weights, int32_t count,
                                  int32_t sum) {
    for (int32_t i = 0; i < count; ++i) {
        sum += x[i] * weights[i];
    }
    return sum;
}

/* One step of one sequence. Weights [gates][cells][width or cells], sums begin at [gates][cells].
 * `gates` is scratch for gates x cells; the hidden state is read to the end, then replaced. */
static inline void mt_lstm_step(const mt_lstm_layer *layer, MICROTVM_FLASH int8_t *input_weights,
                                MICROTVM_FLASH int8_t *recurrent_weights,
                                MICROTVM_FLASH int32_t *input_bias,
                                MICROTVM_FLASH int32_t *recurrent_bias, const int8_t *x,
                                int8_t *hidden, int16_t *cell, int16_t *gates) {
    int32_t cells = layer->cells;
    for (int32_t gate = 0; gate < layer->gates; ++gate) {
        const mt_lstm_scale *scale = layer->input + gate, *recurrent = layer->recurrent + gate;
        for (int32_t i = gate * cells; i < (gate + 1) * cells; ++i) {
            int32_t sum =
                mt_lstm_sum(x, input_weights + i * layer->width, layer->width, input_bias[i]);
            int32_t total =
                mt_saturate16(mt_requantize_double(sum, scale->multiplier, scale->shift));
            sum = mt_lstm_sum(hidden, recurrent_weights + i * cells, cells, recurrent_bias[i]);
            total += mt_requantize_double(sum, recurrent->multiplier, recurrent->shift);
            total = mt_saturate16(total);
            gates[i] =
                (int16_t)(gate == layer->gates - 2 ? mt_tanh16(total) : mt_logistic16(total));
        }
    }
    const int16_t *forget = gates + (layer->gates - 3) * cells;
    for (int32_t i = 0; i < cells; ++i) {
        int32_t let_in = layer->gates == 3 ? INT16_MAX - forget[i] : gates[i];
        int32_t kept = mt_shifted16((int32_t)forget[i] * cell[i], 15);
        int32_t added = mt_shifted16(let_in * forget[cells + i], 30 - layer->cell_bits);
        int32_t state = mt_saturate16(kept + added);
        if (layer->clip > 0) {
            state = mt_clamp(state, -layer->clip, layer->clip);
        }
        cell[i] = (int16_t)state;
        int32_t shown = forget[2 * cells + i] * mt_tanh16_of(state, layer->cell_bits);
        shown = mt_requantize_double(shown, layer->hidden.multiplier, layer->hidden.shift);
        hidden[i] = (int8_t)mt_clamp(shown + layer->hidden_zero, -128, 127);
    }
}

/* All steps of one sequence; `hidden` and the cells' states in `cell` are taken over and replaced.
 * `scratch` has (gates + 1) x cells elements of int16. */
static inline void mt_lstm(const mt_lstm_layer *layer, MICROTVM_FLASH int8_t *input_weights,
                           MICROTVM_FLASH int8_t *recurrent_weights,
                           MICROTVM_FLASH int32_t *input_bias,
                           MICROTVM_FLASH int32_t *recurrent_bias, const int8_t *x, int8_t *hidden,
                           int8_t *cell, int8_t *out, int8_t *scratch) {
    int16_t *state = (int16_t *)(void *)scratch;
    size_t state_bytes = (size_t)layer->cells * sizeof *state;
    memcpy(state, cell, state_bytes);
    MT_APART(state);
    for (int32_t step = 0; step < layer->steps; ++step) {
        mt_lstm_step(layer, input_weights, recurrent_weights, input_bias, recurrent_bias, x, hidden,
                     state, state + layer->cells);
        memcpy(out, hidden, (size_t)layer->cells);
        x += layer->input_step;
        out += layer->output_step;
    }
    memcpy(cell, state, state_bytes);
}

#endif
