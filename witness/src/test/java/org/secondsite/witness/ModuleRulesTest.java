package org.secondsite.witness;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.Serializable;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Clock;

@AnalyzeClasses(packages = "org.secondsite.witness", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleRulesTest {
    private static final DescribedPredicate<JavaClass> PRODUCT = resideInAnyPackage("org.secondsite..");
    private static final DescribedPredicate<JavaClass> ALLOWED = resideInAnyPackage(
            "org.secondsite.witness..", "org.secondsite.config..", "org.secondsite.net..", "org.secondsite.metrics..");

    @ArchTest
    static final ArchRule dependsOnNoOtherFeature =
            noClasses().should().dependOnClassesThat(PRODUCT.and(DescribedPredicate.not(ALLOWED)));

    @ArchTest
    static final ArchRule coreIsPure = noClasses()
            .that()
            .resideOutsideOfPackage("..io..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.nio.channels..", "java.nio.file..", "io.netty.channel..", "io.netty.handler..")
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(Thread.class, Clock.class, Socket.class, ServerSocket.class)
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis");

    @ArchTest
    static final ArchRule raftStaysInItsPackage = noClasses()
            .that()
            .resideOutsideOfPackage("..io.quorum..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.ratis..");

    @ArchTest
    static final ArchRule coreTouchesNoStreams = noClasses()
            .that()
            .resideOutsideOfPackage("..io..")
            .should()
            .dependOnClassesThat(new DescribedPredicate<JavaClass>("are of java.io, but for what every value needs") {
                @Override
                public boolean test(JavaClass type) {
                    return type.getPackageName().equals("java.io") && !type.isEquivalentTo(Serializable.class);
                }
            });

    @ArchTest
    static final ArchRule onlyStoresProveDurability = classes()
            .that()
            .doNotImplement(RecordStore.class)
            .and(new DescribedPredicate<JavaClass>("are no part of such a class") {
                @Override
                public boolean test(JavaClass type) {
                    return type.getEnclosingClass()
                            .filter(outer -> outer.isAssignableTo(RecordStore.class))
                            .isEmpty();
                }
            })
            .and()
            .doNotHaveFullyQualifiedName(Durable.class.getName())
            .should(new ArchCondition<JavaClass>("not call Durable.proven") {
                @Override
                public void check(JavaClass type, ConditionEvents events) {
                    type.getMethodCallsFromSelf().stream()
                            .filter(call -> call.getTargetOwner().isEquivalentTo(Durable.class)
                                    && call.getName().equals("proven"))
                            .forEach(call -> events.add(SimpleConditionEvent.violated(call, call.getDescription())));
                }
            });
}
