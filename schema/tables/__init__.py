"""The tables, one file a group, and the metadata that holds them all."""

from starledger.schema.tables.base import SCHEMA, Ledger, finish
from starledger.schema.tables.calibrations import Calibration, CalibrationMember, CalibrationRun
from starledger.schema.tables.catalogs import (
    ApogeeStar,
    GaiaDr2Neighbour,
    GaiaSource,
    GalahStar,
    ReferenceStar,
    SurveyVisit,
)
from starledger.schema.tables.combinations import Combination, CombinationInput, CombinationRun
from starledger.schema.tables.crossmatches import CrossmatchRun, Neighbourhood
from starledger.schema.tables.fits import Fit, FitRun
from starledger.schema.tables.models import (
    FitConfig,
    Model,
    ModelInstrument,
    ModelOutput,
    TrainingMember,
    TrainingRun,
    TrainingSet,
)
from starledger.schema.tables.pixels import Shard, Spectrum, SpectrumParent
from starledger.schema.tables.quality import FitQuality, QualityOutput, QualityRun, StarQuality
from starledger.schema.tables.releases import (
    Release,
    ReleaseFlag,
    ReleaseLabel,
    ReleasePin,
    ReleaseRun,
    ReleaseView,
)
from starledger.schema.tables.runs import ClosedRun, Run, RunKind, RunSeal, Withdrawal
from starledger.schema.tables.stars import Star, StarEvent, StarMember, StarRun, StarVersion
from starledger.schema.tables.surveys import (
    CatalogLabel,
    DataRelease,
    IngestFile,
    IngestRun,
    Instrument,
    RejectedRow,
    Survey,
)
from starledger.schema.tables.work import FitTally, Lease, Work

metadata = Ledger.metadata
finish(metadata, {mapper.class_.__tablename__: mapper.class_ for mapper in Ledger.registry.mappers})

__all__ = [
    "SCHEMA",
    "ApogeeStar",
    "Calibration",
    "CalibrationMember",
    "CalibrationRun",
    "CatalogLabel",
    "ClosedRun",
    "Combination",
    "CombinationInput",
    "CombinationRun",
    "CrossmatchRun",
    "DataRelease",
    "Fit",
    "FitConfig",
    "FitQuality",
    "FitRun",
    "FitTally",
    "GaiaDr2Neighbour",
    "GaiaSource",
    "GalahStar",
    "IngestFile",
    "IngestRun",
    "Instrument",
    "Lease",
    "Ledger",
    "Model",
    "ModelInstrument",
    "ModelOutput",
    "Neighbourhood",
    "QualityOutput",
    "QualityRun",
    "ReferenceStar",
    "RejectedRow",
    "Release",
    "ReleaseFlag",
    "ReleaseLabel",
    "ReleasePin",
    "ReleaseRun",
    "ReleaseView",
    "Run",
    "RunKind",
    "RunSeal",
    "Shard",
    "Spectrum",
    "SpectrumParent",
    "Star",
    "StarEvent",
    "StarMember",
    "StarQuality",
    "StarRun",
    "StarVersion",
    "Survey",
    "SurveyVisit",
    "TrainingMember",
    "TrainingRun",
    "TrainingSet",
    "Withdrawal",
    "Work",
    "metadata",
]
