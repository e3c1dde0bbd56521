package org.secondsite.management;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.change.Change;
import org.secondsite.config.change.ConfigDiff;
import org.secondsite.config.change.Difference;
import org.secondsite.config.io.ConfigReader;

/** A gateway that has nothing but its file, judged as in the product; each change is a revision. */
public final class JudgedFile implements ConfigPort {
    private static final Path FILE = Path.of("/etc/secondsite/gateway.yaml");

    private final List<Running> revisions = new ArrayList<>();
    private final List<Wanted> commits = new ArrayList<>();
    private final List<String> orders = new ArrayList<>();

    /** What a confirmation keeps away; null: nothing waits for one. */
    private Running backTo;

    /** Runs a file that is in order. */
    public JudgedFile(String text) {
        revisions.add(new Running(1, Instant.EPOCH, text));
    }

    /** A file of the tests. */
    public static String resource(String name) {
        try (InputStream in = JudgedFile.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the judge makes of a file. */
    public static GatewayConfig judged(String text) throws RefusedChange {
        return switch (ConfigReader.readGateway(FILE, text)) {
            case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) -> config;
            case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                throw new RefusedChange(
                        RefusedChange.Kind.INVALID,
                        problems.stream().map(Problem::toString).toList());
        };
    }

    @Override
    public synchronized Running running() {
        return revisions.getLast();
    }

    @Override
    public synchronized History history() {
        return new History(
                revisions.stream()
                        .map(one -> new Past(
                                one.revision(), one.at(), "somebody", "because", List.of("~ a: 1 -> 2"), one.text()))
                        .toList(),
                Optional.empty());
    }

    @Override
    public String status() {
        return resource("status.json");
    }

    /** What was committed. */
    public synchronized List<Wanted> commits() {
        return List.copyOf(commits);
    }

    @Override
    public synchronized List<Effect> compare(String text) throws RefusedChange {
        return ConfigDiff.of(judged(running().text()), judged(text)).stream()
                .map(JudgedFile::effect)
                .toList();
    }

    private static Effect effect(Change change) {
        return new Effect(
                change.subject(),
                change.kind().name(),
                "changes",
                false,
                change.differences().stream().map(Difference::toString).toList());
    }

    @Override
    public synchronized int commit(Wanted wanted) throws RefusedChange {
        judged(wanted.text());
        if (wanted.basedOn() != running().revision()) {
            throw new RefusedChange(RefusedChange.Kind.STALE, List.of("stale"));
        }
        commits.add(wanted);
        Running before = running();
        if (!wanted.text().equals(running().text())) {
            revisions.add(new Running(running().revision() + 1, Instant.EPOCH, wanted.text()));
        }
        if (wanted.confirmWithin().isEmpty()) {
            backTo = null;
        } else if (backTo == null) {
            backTo = before;
        }
        return running().revision();
    }

    /** What was ordered beside commits. */
    public synchronized List<String> orders() {
        return List.copyOf(orders);
    }

    @Override
    public synchronized void confirm(String who) throws RefusedChange {
        if (commits.isEmpty() || commits.getLast().confirmWithin().isEmpty()) {
            throw new RefusedChange(RefusedChange.Kind.NOT_NOW, List.of("nothing waits to be confirmed"));
        }
        backTo = null;
        orders.add("confirmed by " + who);
    }

    @Override
    public synchronized OptionalInt unconfirmed() {
        return backTo == null ? OptionalInt.empty() : OptionalInt.of(running().revision());
    }

    @Override
    public synchronized void rollBack(String who, String reason) {
        if (backTo != null) {
            revisions.add(new Running(running().revision() + 1, Instant.EPOCH, backTo.text()));
            backTo = null;
        }
        orders.add("rolled back by " + who + ": " + reason);
    }

    @Override
    public synchronized void switchOver(String who, String group, String reason) {
        orders.add("switchover of " + group + " by " + who + ": " + reason);
    }
}
