package org.secondsite.net.life;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts how often one deciding thread has turned round: a sign of life that a hung or dead thread cannot give. Written by that
 * thread, read by any.
 */
public final class Turn {
    private final String name;
    private final AtomicLong count = new AtomicLong();
    private volatile long leastPatienceNanos;
    private volatile long patienceNanos;
    private volatile long nativeThread;
    private volatile boolean silencesNobody;
    private volatile Runnable silence = () -> {};

    /**
     * A thread that has not turned round yet.
     *
     * @param name says in logs which thread it is
     */
    public Turn(String name) {
        this.name = name;
    }

    /** Once per turn, by the thread itself. */
    public void made() {
        count.lazySet(count.get() + 1);
    }

    /**
     * What the thread begins now is known to take longer than a turn: it counts as alive meanwhile, but for no longer than
     * this.
     *
     * @param nanos after this much time without a turn the thread is hung
     */
    public void mayTake(long nanos) {
        patienceNanos = nanos;
    }

    /** The long piece of work is done. */
    public void asUsual() {
        made();
        patienceNanos = 0;
    }

    /** It never counts as hung sooner than after so much time without a turn. */
    public void mayAlwaysTake(long nanos) {
        leastPatienceNanos = nanos;
    }

    /** No heartbeat says anything of this thread, whose tasks may be long: it silences nobody before it is hung. */
    public void silencesNobody() {
        silencesNobody = true;
    }

    /** What silences what only this thread can vouch for. Run by the watch, each time the thread is found late; must not block. */
    public void whenLate(Runnable silence) {
        this.silence = silence;
    }

    /** The kernel's number of the thread, by which it is seen whether it hangs or only gets no processor. */
    public void ranBy(long number) {
        nativeThread = number;
    }

    /** The kernel's number of the thread; 0 if it is not known. */
    public long nativeThread() {
        return nativeThread;
    }

    long count() {
        return count.get();
    }

    /** How long the present piece of work may take, in nanoseconds; 0 for the usual time of a turn. */
    long patienceNanos() {
        return patienceNanos;
    }

    /** As long as it is not late, in nanoseconds. */
    long latePatienceNanos() {
        return silencesNobody ? Math.max(leastPatienceNanos, patienceNanos) : patienceNanos;
    }

    /** It is not hung sooner than after this. */
    long leastPatienceNanos() {
        return leastPatienceNanos;
    }

    void isLate() {
        silence.run();
    }

    @Override
    public String toString() {
        return name;
    }
}
