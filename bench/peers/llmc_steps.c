/*
Training steps of llm.c on random tokens. peers.ts compiles this program with a clone of llm.c and starts it with a model
file, B, T and V. It prints "ready" after a first step, then reads numbers of steps, one per line, and answers each with
the seconds per step.
*/
#include "train_gpt2.c"

static void steps(GPT2 *model, int *tokens, int B, int T, int count) {
    static int done = 0;
    for (int i = 0; i < count; i++) {
        gpt2_forward(model, tokens, tokens + 1, B, T);
        gpt2_zero_grad(model);
        gpt2_backward(model);
        gpt2_update(model, 1e-4f, 0.9f, 0.95f, 1e-8f, 0.1f, ++done);
    }
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    int B = atoi(argv[2]), T = atoi(argv[3]), V = atoi(argv[4]), count;
    GPT2 model;
    gpt2_build_from_checkpoint(&model, argv[1]);
    int *tokens = (int *)mallocCheck((B * T + 1) * sizeof(int));
    for (int i = 0; i <= B * T; i++) tokens[i] = rand() % V;
    steps(&model, tokens, B, T, 1);
    printf("ready\n");
    fflush(stdout);
    while (scanf("%d", &count) == 1) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        steps(&model, tokens, B, T, count);
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%.9f\n", ((end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9) / count);
        fflush(stdout);
    }
    gpt2_free(&model);
    free(tokens);
    return 0;
}
