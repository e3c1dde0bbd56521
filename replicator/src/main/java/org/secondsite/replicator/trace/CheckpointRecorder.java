package org.secondsite.replicator.trace;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.Optional;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.CheckpointCodec;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.EpochAssembler;
import org.secondsite.replicator.checkpoint.Reset;
import org.secondsite.replicator.checkpoint.Side;

/**
 * Understands what an agent says on one connection to its gateway, and hands the epochs of one VM, if that is the VM that the
 * agent speaks for, to a recording. Epochs before the first full image are left out.
 *
 * <p>Not thread-safe.
 */
public final class CheckpointRecorder implements AutoCloseable {
    private final VmId wanted;
    private final ColoTraceWriter writer;
    private final ByteBuf received = Unpooled.buffer();
    private EpochAssembler assembler;
    private boolean other;

    /** A recorder of what one connection carries about a VM. */
    public CheckpointRecorder(VmId wanted, ColoTraceWriter writer) {
        this.wanted = wanted;
        this.writer = writer;
    }

    /** Whether the agent speaks for another VM, so that nothing more is of interest. */
    public boolean isOther() {
        return other;
    }

    /**
     * Takes the next bytes from the agent.
     *
     * @return why the recording cannot go on; empty if it can
     * @throws IOException if the recording cannot be written
     */
    public Optional<String> feed(byte[] bytes, int length) throws IOException {
        received.discardReadBytes().writeBytes(bytes, 0, length);
        while (!other) {
            switch (CheckpointCodec.decode(received, Side.AGENT)) {
                case Decoded.NeedMore<CheckpointMessage, Reset>() -> {
                    return Optional.empty();
                }
                case Decoded.Refused<CheckpointMessage, Reset>(Reset reset) -> {
                    return Optional.of("the agent does not keep to the protocol: " + reset.reason());
                }
                case Decoded.Complete<CheckpointMessage, Reset>(CheckpointMessage message) -> {
                    Optional<String> fault = message(message);
                    if (fault.isPresent()) {
                        return fault;
                    }
                }
            }
        }
        return Optional.empty();
    }

    private Optional<String> message(CheckpointMessage message) throws IOException {
        switch (message) {
            case CheckpointMessage.Hello hello -> {
                other = !hello.vm().equals(wanted);
                assembler = new EpochAssembler(hello.vm(), hello.ramBytes());
            }
            case CheckpointMessage.EpochPart part -> {
                if (assembler == null) {
                    return Optional.of("an epoch before HELLO");
                }
                return outcome(assembler.accept(part));
            }
            default -> {
                // Everything else is between the agent and its gateway.
            }
        }
        return Optional.empty();
    }

    private Optional<String> outcome(Decoded<EpochAssembler.Arrived, String> outcome) throws IOException {
        return switch (outcome) {
            case Decoded.NeedMore<EpochAssembler.Arrived, String>() -> Optional.empty();
            case Decoded.Refused<EpochAssembler.Arrived, String>(String reason) -> Optional.of(reason);
            case Decoded.Complete<EpochAssembler.Arrived, String>(EpochAssembler.Arrived complete) -> {
                try (Epoch epoch = complete.epoch()) {
                    if (writer.fits(epoch)) {
                        writer.write(epoch);
                        yield Optional.empty();
                    }
                    yield writer.epochs() == 0
                            ? Optional.empty()
                            : Optional.of(epoch + " does not follow what was recorded");
                }
            }
        };
    }

    @Override
    public void close() {
        if (assembler != null) {
            assembler.close();
        }
    }
}
