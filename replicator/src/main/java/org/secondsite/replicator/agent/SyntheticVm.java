package org.secondsite.replicator.agent;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.secondsite.config.VmId;
import org.secondsite.replicator.EpochHeader;

/**
 * A VM without a hypervisor: RAM, {@value #REGISTERS} registers, and whatever the caller lets it do.
 *
 * <p>Guest code is a piece of work given to {@link #run}: it sees RAM and registers, and is atomic towards pauses, so what it
 * sends out belongs to the epoch whose state holds its changes. The registers are the device state; register 0 counts the
 * pieces of work, as a program counter does. Like a real one, the VM is switched on by {@link #boot}, may be paused by an
 * operator, dies by {@link #kill}, and is started from a replica by an agent; its RAM stays where it is meanwhile.
 *
 * <p>Safe to use from any thread.
 */
public final class SyntheticVm implements VmHost {
    /** The number of registers. */
    public static final int REGISTERS = 16;

    private static final String DESCRIPTION = "synthetic VM";

    private final VmId id;
    private final long ramBytes;
    private final ReentrantLock machine = new ReentrantLock();
    private final long[] registers = new long[REGISTERS];

    private MemorySegment ram;
    private boolean poweredOn;
    private boolean pausedByCheckpoint;
    private boolean pausedByOperator;
    /** Why the VM is halted, as by a disk that fails; null if it is not. */
    private String halt;
    /** Whether a pause is answered late. */
    private boolean pausesLate;

    private String refusal;
    private Driver driver;

    /**
     * A piece of guest work.
     *
     * @param <T> what it returns to the caller
     */
    @FunctionalInterface
    public interface GuestWork<T> {
        /**
         * Runs in the guest. Must be short: the VM cannot be paused meanwhile.
         *
         * @param ram the guest's RAM
         * @param registers its registers; register 0 counts the pieces of work and is kept by the machine
         */
        T run(MemorySegment ram, long[] registers);
    }

    /**
     * A VM that is switched off.
     *
     * @throws IllegalArgumentException if the RAM is not a number of pages
     */
    public SyntheticVm(VmId id, long ramBytes) {
        if (!EpochHeader.isRamSize(ramBytes)) {
            throw new IllegalArgumentException(ramBytes + " bytes of RAM for " + id + " is not a number of pages");
        }
        this.id = id;
        this.ramBytes = ramBytes;
    }

    /** Switches the VM on, with RAM and registers of zeros. An agent finds it when it looks for it next. */
    public void boot() {
        machine.lock();
        try {
            ram = freshRam();
            Arrays.fill(registers, 0);
            powerOn();
        } finally {
            machine.unlock();
        }
    }

    /** Runs a piece of guest work, if the VM runs; otherwise empty. */
    public <T> Optional<T> run(GuestWork<T> work) {
        machine.lock();
        try {
            if (!isExecuting()) {
                return Optional.empty();
            }
            registers[0]++;
            return Optional.ofNullable(work.run(ram, registers));
        } finally {
            machine.unlock();
        }
    }

    /**
     * Looks at the VM from outside, whether it runs or not; what the work changes is not the guest's doing. Empty if there is
     * no RAM at all.
     */
    public <T> Optional<T> inspect(GuestWork<T> work) {
        machine.lock();
        try {
            return ram == null ? Optional.empty() : Optional.ofNullable(work.run(ram, registers));
        } finally {
            machine.unlock();
        }
    }

    /** Whether the VM is switched on and not paused. */
    public boolean isExecuting() {
        machine.lock();
        try {
            return poweredOn && !pausedByCheckpoint && !pausedByOperator && halt == null;
        } finally {
            machine.unlock();
        }
    }

    /** Pauses or resumes the VM as an operator does; checkpoints leave it so. */
    public void operatorPause(boolean paused) {
        machine.lock();
        try {
            pausedByOperator = paused;
        } finally {
            machine.unlock();
        }
    }

    /** Halts the VM as a hypervisor does when a disk fails. It runs again when that is tried. */
    public void halt(String reason) {
        tell(new VmNews.Halted(reason), () -> halt = reason);
    }

    /** Whether pauses are answered late from now on: after {@link #answerPause}. */
    public void pauseLate(boolean late) {
        tell(null, () -> pausesLate = late);
    }

    /** Answers a pause that is late. */
    public void answerPause() {
        tell(new VmNews.PausedLate(), () -> {});
    }

    /** Sets what stands against checkpoints, null for nothing. */
    public void refuse(String reason) {
        tell(null, () -> refusal = reason);
    }

    private void tell(VmNews news, Runnable change) {
        Driver told;
        machine.lock();
        try {
            change.run();
            told = driver;
        } finally {
            machine.unlock();
        }
        if (told != null && news != null) {
            told.tell(news);
        }
    }

    @Override
    public VmId vm() {
        return id;
    }

    @Override
    public long ramBytes() {
        return ramBytes;
    }

    @Override
    public Optional<VmDriver> attach() {
        machine.lock();
        try {
            if (!poweredOn) {
                return Optional.empty();
            }
            pausedByCheckpoint = false;
            driver = new Driver(ram);
            return Optional.of(driver);
        } finally {
            machine.unlock();
        }
    }

    @Override
    public MemorySegment createReplica() throws IOException {
        machine.lock();
        try {
            if (poweredOn) {
                throw new IOException("the VM is switched on");
            }
            ram = freshRam();
            return ram;
        } finally {
            machine.unlock();
        }
    }

    @Override
    public void forgetReplica() {
        machine.lock();
        try {
            if (!poweredOn) {
                ram = null;
            }
        } finally {
            machine.unlock();
        }
    }

    @Override
    public VmDriver activate(byte[] deviceState) throws IOException {
        machine.lock();
        try {
            if (poweredOn || ram == null || deviceState.length != REGISTERS * Long.BYTES) {
                throw new IOException("cannot start from " + deviceState.length + " bytes of device state, "
                        + (poweredOn ? "switched on" : ram == null ? "no replica" : "with a replica"));
            }
            ByteBuffer.wrap(deviceState).asLongBuffer().get(registers);
            powerOn();
            driver = new Driver(ram);
            return driver;
        } finally {
            machine.unlock();
        }
    }

    /** Switches the VM off at once, as if its process were killed. */
    @Override
    public void kill(String reason) {
        Driver told;
        machine.lock();
        try {
            poweredOn = false;
            told = driver;
            driver = null;
        } finally {
            machine.unlock();
        }
        if (told != null) {
            told.died(reason);
        }
    }

    @Override
    public void close() {}

    private void powerOn() {
        poweredOn = true;
        pausedByCheckpoint = false;
        pausedByOperator = false;
        halt = null;
    }

    private MemorySegment freshRam() {
        // Freed when nobody refers to it: an agent may still read the RAM of a VM that was switched off.
        return Arena.ofAuto().allocate(ramBytes, 4096);
    }

    private final class Driver implements VmDriver {
        private final MemorySegment driven;
        private byte[] state;
        /** Whether the checkpoint under way has paused the VM. */
        private boolean pausedHere;

        private Consumer<VmNews> listener;
        private String death;

        Driver(MemorySegment driven) {
            this.driven = driven;
        }

        @Override
        public String description() {
            return DESCRIPTION;
        }

        @Override
        public Optional<String> refusal() {
            machine.lock();
            try {
                return Optional.ofNullable(refusal);
            } finally {
                machine.unlock();
            }
        }

        @Override
        public MemorySegment ram() {
            return driven;
        }

        @Override
        public DirtyPageTracker trackDirtyPages() throws IOException {
            throw new IOException("a synthetic VM tracks nothing");
        }

        @Override
        public void prepare() throws HaltedException {
            machine.lock();
            try {
                if (halt != null) {
                    throw new HaltedException(halt);
                }
            } finally {
                machine.unlock();
            }
        }

        @Override
        public boolean pause() throws IOException {
            machine.lock();
            try {
                pausedHere = !pausedByOperator && !pausedByCheckpoint;
                setPaused(true);
                if (pausesLate) {
                    throw new SlowPauseException("a late pause");
                }
                return pausedHere;
            } finally {
                machine.unlock();
            }
        }

        @Override
        public Optional<String> spoiled() {
            return Optional.empty();
        }

        @Override
        public void resume() throws IOException {
            if (pausedHere) {
                setPaused(false);
            }
        }

        @Override
        public void resumeKept() throws IOException {
            setPaused(false);
        }

        private void setPaused(boolean paused) throws IOException {
            machine.lock();
            try {
                if (driver != this) {
                    throw new IOException("the VM is gone");
                }
                pausedByCheckpoint = paused;
            } finally {
                machine.unlock();
            }
        }

        @Override
        public void beginDeviceState() {
            machine.lock();
            try {
                ByteBuffer bytes = ByteBuffer.allocate(REGISTERS * Long.BYTES);
                bytes.asLongBuffer().put(registers);
                state = bytes.array();
            } finally {
                machine.unlock();
            }
        }

        @Override
        public byte[] awaitDeviceState(long timeoutNanos) {
            return state;
        }

        @Override
        public void abandonDeviceState() {}

        @Override
        public void retryAfterHalt() {
            SyntheticVm.this.tell(new VmNews.Resumed(), () -> halt = null);
        }

        @Override
        public void listen(Consumer<VmNews> told) {
            String halted;
            String already;
            machine.lock();
            try {
                listener = told;
                halted = halt;
                already = death;
            } finally {
                machine.unlock();
            }
            if (halted != null) {
                told.accept(new VmNews.Halted(halted));
            }
            if (already != null) {
                told.accept(new VmNews.Gone(already));
            }
        }

        private void died(String reason) {
            machine.lock();
            try {
                death = reason;
            } finally {
                machine.unlock();
            }
            tell(new VmNews.Gone(reason));
        }

        private void tell(VmNews news) {
            Consumer<VmNews> told;
            machine.lock();
            try {
                told = listener;
            } finally {
                machine.unlock();
            }
            if (told != null) {
                told.accept(news);
            }
        }

        @Override
        public void close() {}
    }
}
