package org.secondsite.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.secondsite.config.change.Difference;
import org.secondsite.gateway.change.Candidate;
import org.secondsite.gateway.change.Impact;
import org.secondsite.gateway.change.RefusedException;
import org.secondsite.gateway.change.Revision;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.RefusedChange;

/** What network automation may do with this gateway: what an operator may, by the same commands. */
final class ManagementDoor implements ConfigPort {
    private final ConfigCommands commands;
    private final Operators operators;

    /** What is no change of the configuration. */
    interface Operators {
        /**
         * Hands a group over.
         *
         * @throws Exception if that is not done, with the reason
         */
        void switchOver(String group, String reason) throws Exception;

        /**
         * What the gateway knows, as {@code secondsite status --json} has it, and {@code vms}.
         *
         * @throws Exception if it does not tell
         */
        JsonNode status() throws Exception;
    }

    /** However many look: the conductor is asked a few times a second at most. */
    private static final long FRESH_NANOS = 200_000_000;

    private String status = "";
    private long statusNanos;

    ManagementDoor(ConfigCommands commands, Operators operators) {
        this.commands = commands;
        this.operators = operators;
    }

    @Override
    public Running running() {
        Revision last = commands.running();
        return new Running(last.number(), last.at(), last.text());
    }

    @Override
    public History history() {
        return new History(
                commands.revisions().stream()
                        .map(past -> new Past(
                                past.number(), past.at(), past.who(), past.reason(), past.differences(), past.text()))
                        .toList(),
                commands.unconfirmed()
                        .map(waiting -> new Waiting(waiting.number(), waiting.backTo(), waiting.confirmBy())));
    }

    @Override
    public synchronized String status() throws RefusedChange {
        if (status.isEmpty() || System.nanoTime() - statusNanos > FRESH_NANOS) {
            status = done(() -> operators.status().toString());
            statusNanos = System.nanoTime();
        }
        return status;
    }

    @Override
    public List<ConfigPort.Effect> compare(String text) throws RefusedChange {
        try {
            return commands.compare(text).stream().map(ManagementDoor::effect).toList();
        } catch (RefusedException e) {
            throw refused(e);
        }
    }

    private static ConfigPort.Effect effect(Impact impact) {
        return new ConfigPort.Effect(
                impact.change().subject(),
                impact.change().kind().name().toLowerCase(Locale.ROOT),
                impact.words(),
                impact.needsRestart(),
                impact.change().differences().stream().map(Difference::toString).toList());
    }

    @Override
    public int commit(Wanted wanted) throws RefusedChange {
        Candidate candidate = new Candidate(
                wanted.text(),
                wanted.who(),
                wanted.reason(),
                Optional.of(wanted.basedOn()),
                wanted.confirmWithin(),
                switch (wanted.when()) {
                    case NOW -> Candidate.When.NOW;
                    case AT_NEXT_START -> Candidate.When.AT_NEXT_START;
                });
        return done(() -> commands.carryOut(candidate)).revision();
    }

    @Override
    public void confirm(String who) throws RefusedChange {
        done(() -> {
            commands.confirm(who);
            return who;
        });
    }

    @Override
    public OptionalInt unconfirmed() {
        return commands.unconfirmed().stream()
                .mapToInt(waiting -> waiting.number())
                .findFirst();
    }

    @Override
    public void rollBack(String who, String reason) throws RefusedChange {
        done(() -> {
            commands.rollBack(who, reason);
            return who;
        });
    }

    @Override
    public void switchOver(String who, String group, String reason) throws RefusedChange {
        done(() -> {
            operators.switchOver(group, reason.isEmpty() ? "" : reason + " (" + who + ")");
            return who;
        });
    }

    private static <T> T done(Callable<T> step) throws RefusedChange {
        try {
            return step.call();
        } catch (RefusedException e) {
            throw refused(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedChange(RefusedChange.Kind.NOT_NOW, List.of("the gateway is closing"));
        } catch (IllegalArgumentException e) {
            throw new RefusedChange(RefusedChange.Kind.INVALID, List.of(String.valueOf(e.getMessage())));
        } catch (Exception e) {
            throw new RefusedChange(RefusedChange.Kind.NOT_NOW, List.of(String.valueOf(e.getMessage())));
        }
    }

    private static RefusedChange refused(RefusedException e) {
        RefusedChange.Kind kind =
                switch (e.kind()) {
                    case INVALID -> RefusedChange.Kind.INVALID;
                    case STALE -> RefusedChange.Kind.STALE;
                    case NOT_NOW -> RefusedChange.Kind.NOT_NOW;
                };
        return new RefusedChange(kind, e.getMessage().lines().toList());
    }
}
