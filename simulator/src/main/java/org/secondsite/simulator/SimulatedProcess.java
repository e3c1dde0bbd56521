package org.secondsite.simulator;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A process: it can die, and then everything that was meant for it is lost; be started again as another one; and be stopped
 * for a while, with everything that arrives meanwhile waiting for it in the kernel's queues.
 */
abstract class SimulatedProcess {
    final World world;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean up;
    private int stops;
    private int life;
    private long stoppedNanos;

    SimulatedProcess(World world) {
        this.world = world;
    }

    final boolean up() {
        return up;
    }

    /** Up and not stopped by a signal. */
    final boolean awake() {
        return up && stops == 0;
    }

    /** Counts its deaths: what was meant for one life never reaches the next. */
    final int life() {
        return life;
    }

    final void begin() {
        up = true;
        stops = 0;
        waiting.clear();
    }

    final void end() {
        up = false;
        life++;
        waiting.clear();
    }

    /** SIGSTOP; several of them add up. */
    final void stop() {
        if (stops++ == 0) {
            stoppedNanos = world.time().nowNanos();
        }
    }

    /** SIGCONT: everything that came meanwhile is there at once. */
    final void resume() {
        if (stops > 0 && --stops == 0) {
            resumed(world.time().nowNanos() - stoppedNanos);
            while (!waiting.isEmpty() && awake()) {
                waiting.removeFirst().run();
            }
        }
    }

    /** The process was stopped for so long, and runs again now. */
    void resumed(long stoodNanos) {}

    /** Something reaches the process now. */
    final void arrive(Runnable what) {
        if (up) {
            if (stops == 0) {
                what.run();
            } else {
                waiting.add(what);
            }
        }
    }

    /** The process does something later, if it still lives then. */
    final void later(long delayNanos, Runnable what) {
        int mine = life;
        world.time().after(delayNanos, () -> {
            if (mine == life) {
                arrive(what);
            }
        });
    }
}
