package org.secondsite.bgp;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Clock;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The module rule and "pure core, io at the edge" of ARCHITECTURE.md. */
class ModuleRulesTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.secondsite.bgp");
    private static final String IO = "..io..";

    @Test
    void dependsOnNoOtherModule() {
        ArchRule rule = classes()
                .should()
                .onlyDependOnClassesThat(DescribedPredicate.not(resideInAPackage("org.secondsite.."))
                        .or(resideInAPackage("org.secondsite.bgp..")));
        rule.check(CLASSES);
    }

    @Test
    void coreTouchesNoSocketFileOrThread() {
        Set<Class<?>> forbidden =
                Set.of(Thread.class, Clock.class, Socket.class, ServerSocket.class, DatagramSocket.class);
        DescribedPredicate<JavaClass> io = describe(
                "sockets, files, threads, channels",
                type -> type.getPackageName().startsWith("java.io")
                        || type.getPackageName().startsWith("java.nio.file")
                        || type.getPackageName().startsWith("java.nio.channels")
                        || type.getPackageName().startsWith("io.netty.channel")
                        || forbidden.stream().anyMatch(type::isEquivalentTo));
        noClasses()
                .that()
                .resideOutsideOfPackage(IO)
                .should()
                .dependOnClassesThat(io)
                .check(CLASSES);
    }

    @Test
    void coreReadsNoClock() {
        noClasses()
                .that()
                .resideOutsideOfPackage(IO)
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .check(CLASSES);
    }

    @Test
    void wireKnowsNothingAboveIt() {
        noClasses()
                .that()
                .resideInAPackage("org.secondsite.bgp.wire..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.secondsite.bgp.fsm..",
                        "org.secondsite.bgp.rib..",
                        "org.secondsite.bgp.session..",
                        "org.secondsite.bgp.io..")
                .check(CLASSES);
    }
}
