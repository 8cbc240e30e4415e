/* With K = X X' / features and one-hot Y: A = (K + penalty I)^-1 (Y - mean), weights = X' A / features. Left out, example i gets y_i - a_i / inverse_ii. */
#include "tasks/ridge.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

void mote_ridge_deinit(mote_ridge *ridge) {
    mote_mem_free(ridge->mean);
    mote_mem_free(ridge->scale);
    mote_mem_free(ridge->weights);
    mote_mem_free(ridge->bias);
    *ridge = (mote_ridge){0};
}

static void standardise(float *x, size_t n, mote_ridge *r) {
    size_t f = r->n_features;
    for (size_t k = 0; k < f; k++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
            sum += x[i * f + k];
        double mean = sum / (double)n;
        for (size_t i = 0; i < n; i++)
            squares += (x[i * f + k] - mean) * (x[i * f + k] - mean);
        double deviation = sqrt(squares / (double)n);
        r->mean[k] = (float)mean;
        r->scale[k] = deviation > 1e-6 ? (float)(1 / deviation) : 0;
        for (size_t i = 0; i < n; i++)
            x[i * f + k] = (x[i * f + k] - r->mean[k]) * r->scale[k];
    }
}

static void multiply(const float *x, size_t n, size_t f, double *k) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            float lanes[8] = {0};
            size_t c = 0;
            for (; c + 8 <= f; c += 8)
                for (size_t l = 0; l < 8; l++)
                    lanes[l] += x[i * f + c + l] * x[j * f + c + l];
            double sum = 0;
            for (; c < f; c++)
                sum += x[i * f + c] * x[j * f + c];
            for (size_t l = 0; l < 8; l++)
                sum += lanes[l];
            k[i * n + j] = k[j * n + i] = sum / (double)f;
        }
}

/* The inverse of k + penalty I, by Cholesky; k is symmetric and not negative. scratch: [n, n]. */
static void invert(const double *k, size_t n, double penalty, double *inverse, double *scratch) {
    double *l = scratch;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = k[i * n + j] + (i == j ? penalty : 0);
            for (size_t c = 0; c < j; c++)
                sum -= l[i * n + c] * l[j * n + c];
            l[i * n + j] = i == j ? sqrt(sum > 1e-12 ? sum : 1e-12) : sum / l[j * n + j];
        }
    /* Columns of L^-1 as rows of `inverse`, then L^-T L^-1 in place: entry (i, j), i >= j, needs entries from i on only. */
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) {
            double sum = i == j ? 1 : 0;
            for (size_t c = j; c < i; c++)
                sum -= l[i * n + c] * inverse[j * n + c];
            inverse[j * n + i] = sum / l[i * n + i];
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) {
            double sum = 0;
            for (size_t c = j; c < n; c++)
                sum += inverse[i * n + c] * inverse[j * n + c];
            l[i * n + j] = l[j * n + i] = sum;
        }
    memcpy(inverse, l, n * n * sizeof *l);
}

/* a = inverse (Y - mean), and what each example gets when it is left out; the mean squared error of that. */
static double leave_out(const double *inverse, size_t n, const size_t *labels, const double *mean, size_t n_labels, double *a, double *left_out) {
    double error = 0;
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * n_labels, all = 0;
        memset(row, 0, n_labels * sizeof *row);
        for (size_t j = 0; j < n; j++) {
            row[labels[j]] += inverse[i * n + j];
            all += inverse[i * n + j];
        }
        for (size_t k = 0; k < n_labels; k++) {
            row[k] -= mean[k] * all;
            double y = labels[i] == k ? 1 : 0, out = y - row[k] / inverse[i * n + i];
            left_out[i * n_labels + k] = out;
            error += (y - out) * (y - out);
        }
    }
    return error;
}

static void weigh(mote_ridge *r, const float *x, size_t n, const double *a, const double *mean) {
    size_t f = r->n_features;
    for (size_t k = 0; k < r->n_labels; k++) {
        float *w = r->weights + k * f;
        memset(w, 0, f * sizeof *w);
        for (size_t i = 0; i < n; i++) {
            float factor = (float)(a[i * r->n_labels + k] / (double)f);
            for (size_t c = 0; c < f; c++)
                w[c] += factor * x[i * f + c];
        }
        r->bias[k] = (float)mean[k];
    }
}

typedef struct room {
    double *k, *inverse, *scratch, *a, *mean;
} room;

static void fit(room *m, const float *x, size_t n, const size_t *labels, mote_ridge *r, double *left_out) {
    static const double penalties[] = {0.01, 0.03, 0.1, 0.3, 1, 3};
    size_t best = 0, n_penalties = sizeof penalties / sizeof *penalties;
    double least = INFINITY;
    for (size_t i = 0; i < n; i++)
        m->mean[labels[i]] += 1 / (double)n;
    multiply(x, n, r->n_features, m->k);
    for (size_t p = 0; p <= n_penalties; p++) { /* the last round is the best one again */
        invert(m->k, n, penalties[p < n_penalties ? p : best], m->inverse, m->scratch);
        double error = leave_out(m->inverse, n, labels, m->mean, r->n_labels, m->a, left_out);
        if (p < n_penalties && error < least) {
            least = error;
            best = p;
        }
    }
    weigh(r, x, n, m->a, m->mean);
}

mote_status mote_ridge_fit(float *x, size_t n, size_t n_features, const size_t *labels, size_t n_labels, mote_ridge *ridge, double *left_out) {
    mote_ridge r = {.n_features = n_features, .n_labels = n_labels};
    room m = {mote_mem_alloc_array(n * n, sizeof(double)), mote_mem_zalloc_array(n * n, sizeof(double)), mote_mem_alloc_array(n * n, sizeof(double)),
              mote_mem_alloc_array(n * n_labels, sizeof(double)), mote_mem_zalloc_array(n_labels, sizeof(double))};
    r.mean = mote_mem_alloc_array(n_features, sizeof(float));
    r.scale = mote_mem_alloc_array(n_features, sizeof(float));
    r.weights = mote_mem_alloc_array(n_labels * n_features, sizeof(float));
    r.bias = mote_mem_alloc_array(n_labels, sizeof(float));
    bool has_room = m.k && m.inverse && m.scratch && m.a && m.mean && r.mean && r.scale && r.weights && r.bias;
    if (has_room) {
        standardise(x, n, &r);
        fit(&m, x, n, labels, &r, left_out);
        *ridge = r;
    } else {
        mote_ridge_deinit(&r);
    }
    mote_mem_free(m.k);
    mote_mem_free(m.inverse);
    mote_mem_free(m.scratch);
    mote_mem_free(m.a);
    mote_mem_free(m.mean);
    return has_room ? MOTE_OK : MOTE_ERR_ALLOC;
}

void mote_ridge_apply(const mote_ridge *ridge, const float *x, double *out) {
    for (size_t k = 0; k < ridge->n_labels; k++) {
        double sum = ridge->bias[k];
        for (size_t c = 0; c < ridge->n_features; c++)
            sum += (double)ridge->weights[k * ridge->n_features + c] * ((x[c] - ridge->mean[c]) * ridge->scale[c]);
        out[k] = sum;
    }
}
