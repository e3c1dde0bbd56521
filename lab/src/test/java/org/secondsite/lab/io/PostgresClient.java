package org.secondsite.lab.io;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.lab.plan.LabNumbers;

/**
 * PostgreSQL's own programs, usually in the outside client's namespace, at work on the guest's database. pgbench's clients number their
 * transactions, and each enters its number in the table {@code ledger}; pgbench's log has a line for each of which it was told that it
 * is committed.
 */
final class PostgresClient implements AutoCloseable {
    private static final String PROGRAMS = "/usr/lib/postgresql/15/bin/";
    private static final int CLIENTS = 8;
    private static final int LIMIT_SECONDS = 300;
    private static final int CHECK_SECONDS = 900;

    /** One account, statement by statement: a failover comes between two of them. */
    private static final String STEP_BY_STEP = """
            \\set n :n + 1
            \\set aid random(1, 100000)
            \\set delta random(-5000, 5000)
            BEGIN;
            UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
            INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (0, 1, :aid, :delta, CURRENT_TIMESTAMP);
            INSERT INTO ledger (run, client, n) VALUES (:run, :client_id, :n);
            END;
            """;

    /** As TPC-B has it, in one message, for all wait for the one branch. */
    private static final String AT_ONCE = """
            \\set n :n + 1
            \\set aid random(1, 100000)
            \\set tid random(1, 10)
            \\set delta random(-5000, 5000)
            BEGIN\\;
            UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid\\;
            UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid\\;
            UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = 1\\;
            INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, 1, :aid, :delta, CURRENT_TIMESTAMP)\\;
            INSERT INTO ledger (run, client, n) VALUES (:run, :client_id, :n)\\;
            END;
            """;

    /** Empty if the books are balanced. */
    private static final String UNBALANCED = """
            SELECT * FROM (SELECT
              (SELECT sum(abalance) FROM pgbench_accounts) AS accounts, (SELECT sum(delta) FROM pgbench_history) AS all_deltas,
              (SELECT sum(tbalance) FROM pgbench_tellers) AS tellers, (SELECT sum(bbalance) FROM pgbench_branches) AS branches,
              (SELECT sum(delta) FROM pgbench_history WHERE tid > 0) AS tellers_deltas) AS sums
            WHERE accounts <> all_deltas OR tellers <> tellers_deltas OR branches <> tellers_deltas
            """;

    private final Path tree;
    private final Path work;
    /** By run and client, both in one word: the transactions of which it was told that they are committed. */
    private final Map<String, Long> told = new TreeMap<>();

    private List<String> place;
    private InetSocketAddress server;
    private Process bench;
    private int run;

    /** At a lab's guest, from its outside client's namespace. Makes the tables. */
    PostgresClient(Lab lab) throws IOException {
        this(
                lab.name(),
                List.of("ip", "netns", "exec", lab.clientNamespace()),
                new InetSocketAddress(LabNumbers.VM_ADDRESS, LabNumbers.DATABASE_PORT));
    }

    /** At a guest without a lab, from here. Makes the tables. */
    PostgresClient(String name, InetSocketAddress server) throws IOException {
        this(name, List.of(), server);
    }

    private PostgresClient(String name, List<String> place, InetSocketAddress server) throws IOException {
        this.place = place;
        this.server = server;
        tree = DebianTree.in(GuestImage.defaultCache());
        work = Files.createDirectory(tree.resolve("tmp").resolve(name));
        Files.writeString(work.resolve("steps.sql"), STEP_BY_STEP);
        Files.writeString(work.resolve("once.sql"), AT_ONCE);
        run("pgbench", "--initialize", "--init-steps=dtGvp", "--quiet");
        sql("CREATE TABLE ledger (run int, client int, n int, PRIMARY KEY (run, client, n))");
        sql("CREATE EXTENSION amcheck");
    }

    /** From now on the database is asked that is found there, from here. */
    void moveTo(InetSocketAddress other) {
        place = List.of();
        server = other;
    }

    private List<String> command(String program, String... arguments) {
        List<String> command = new ArrayList<>(place);
        command.addAll(List.of(
                "chroot",
                tree.toString(),
                "env",
                "LC_ALL=C.UTF-8",
                "PGUSER=postgres",
                "PGDATABASE=postgres",
                // The guest's processor is an emulated one.
                "PGSSLMODE=disable",
                "PGHOST=" + server.getAddress().getHostAddress(),
                "PGPORT=" + server.getPort(),
                PROGRAMS + program));
        command.addAll(List.of(arguments));
        return command;
    }

    private String run(String program, String... arguments) throws IOException {
        return Commands.runFor(LIMIT_SECONDS, command(program, arguments));
    }

    private String sql(String statement) throws IOException {
        return run(
                "psql",
                "-X",
                "-qAt",
                "-F",
                " ",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                // The tables are to be read, not what an index knows of them.
                "SET enable_indexonlyscan = off",
                "-c",
                statement);
    }

    /** Starts pgbench for so long. */
    void begin(int seconds) throws IOException {
        run++;
        String inside = "/tmp/" + work.getFileName();
        bench = new ProcessBuilder(command(
                        "pgbench",
                        "--no-vacuum",
                        "--client=" + CLIENTS,
                        "--jobs=1",
                        "--time=" + seconds,
                        "--define=n=0",
                        "--define=run=" + run,
                        "--log",
                        "--log-prefix=" + inside + "/log" + run,
                        "--file=" + inside + "/steps.sql",
                        "--file=" + inside + "/once.sql"))
                .redirectErrorStream(true)
                .redirectOutput(work.resolve("out" + run).toFile())
                .start();
    }

    /**
     * Waits for pgbench's end.
     *
     * @return the transactions of which its clients were told that they are committed
     * @throws IOException if a connection broke, or a statement failed
     */
    long end() throws IOException {
        try {
            if (!bench.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("pgbench does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        if (bench.exitValue() != 0) {
            throw new IOException("pgbench: " + Files.readString(work.resolve("out" + run)));
        }
        long before = sum();
        try (var logs = Files.newDirectoryStream(work, "log" + run + ".*")) {
            for (Path log : logs) {
                for (String line : Files.readAllLines(log)) {
                    told.merge(run + " " + line.substring(0, line.indexOf(' ')), 1L, Long::sum);
                }
            }
        }
        return sum() - before;
    }

    private long sum() {
        return told.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * Compares what the database has with what pgbench's clients were told, in all runs.
     *
     * @return one line for each client with which the database does not agree, or that has a gap; none if all is well
     */
    List<String> missing() throws IOException {
        List<String> complaints = new ArrayList<>();
        Map<String, Long> left = new TreeMap<>(told);
        String rows = sql("SELECT run, client, count(*), max(n) FROM ledger GROUP BY run, client");
        for (String row : rows.lines().toList()) {
            String[] fields = row.split(" ", -1);
            String client = fields[0] + " " + fields[1];
            long expected = left.containsKey(client) ? left.remove(client) : 0;
            if (Long.parseLong(fields[2]) != expected || Long.parseLong(fields[3]) != expected) {
                complaints.add("run and client " + client + ": told of " + expected + ", found " + fields[2] + " up to "
                        + fields[3]);
            }
        }
        left.forEach((client, expected) ->
                complaints.add("run and client " + client + ": told of " + expected + ", found none"));
        return complaints;
    }

    /** What does not hold of the database as a whole, also by pg_amcheck; empty if nothing. */
    List<String> complaints() throws IOException {
        List<String> complaints = missing();
        sql(UNBALANCED).lines().forEach(line -> complaints.add("unbalanced: " + line));
        Commands.Ended checked = Commands.runToAnyEndFor(CHECK_SECONDS, command("pg_amcheck", "--heapallindexed"));
        if (checked.code() != 0) {
            complaints.add("pg_amcheck ended with " + checked.code());
        }
        checked.output().lines().forEach(complaints::add);
        return complaints;
    }

    /**
     * Has the database write down all that it has, so that it takes nothing from its log when it is started again.
     *
     * @return the ledger's file in the guest
     */
    String settle() throws IOException {
        sql("CHECKPOINT");
        return sql("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('ledger')");
    }

    @Override
    public void close() throws IOException {
        if (bench != null) {
            bench.destroyForcibly();
        }
        DirectoryTree.delete(work);
    }
}
