package org.secondsite.net;

import java.util.Optional;

/**
 * What came of reading bytes that a peer, or a disk, has written. Such bytes never make a decoder throw.
 *
 * @param <T> what is read
 * @param <R> why it cannot be: words, or a {@link Refusal}
 */
public sealed interface Decoded<T, R> {
    /** It is not complete yet. */
    record NeedMore<T, R>() implements Decoded<T, R> {
        private static final NeedMore<?, ?> ONLY = new NeedMore<>();
    }

    /** It is complete, and proved to be in order. */
    record Complete<T, R>(T value) implements Decoded<T, R> {}

    /** It cannot be one. Nothing that follows can be trusted. */
    record Refused<T, R>(R refusal) implements Decoded<T, R> {}

    /** What was read, if it is complete. */
    default Optional<T> complete() {
        return this instanceof Complete<T, R>(T whole) ? Optional.of(whole) : Optional.empty();
    }

    /** Why it cannot be, if it cannot. */
    default Optional<R> refused() {
        return this instanceof Refused<T, R>(R why) ? Optional.of(why) : Optional.empty();
    }

    /** That more is needed. */
    @SuppressWarnings("unchecked")
    static <T, R> Decoded<T, R> needMore() {
        return (Decoded<T, R>) NeedMore.ONLY;
    }
}
