"""The templates there are, as magnitudes in every band: packaged ones, and those of a folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from skyband.models.classifier.matrix import Doubles
from skyband.models.templates.spectra import Spectrum, black_body, broken_line, quasar, sampled, transmission
from skyband.schema.errors import BadFile, BadOption

_PACKAGE = "skyband.models.templates"
_SAMPLES = 64
"""Wavelengths in a band."""
_FAINTEST_MAG = 5.0
"""Below the brightest band, where gas lets nothing through: what surveys measure there is noise about their limits."""
_SUFFIXES = {".ecsv": "ascii.ecsv", ".csv": "ascii.csv"}


@dataclass(frozen=True, slots=True)
class Band:
    """A band that templates are compared in, as bands.toml says."""

    name: str
    wavelength_um: float
    width_um: float
    ab_minus_vega: float
    system: str


@dataclass(frozen=True)
class Library:
    """Templates of one class.

    Attributes:
        name: of the class.
        titles: of the t templates.
        redshifts: of each, shape (t,); NaN for what has none.
        magnitudes: AB, each up to a constant, shape (t, bands); NaN in bands a template does not cover.
        scatter_mag: of real sources around a template.
    """

    name: str
    titles: tuple[str, ...]
    redshifts: Doubles
    magnitudes: Doubles
    scatter_mag: float


@cache
def bands() -> tuple[Band, ...]:
    """The bands that are compared, blue ones first."""
    return tuple(Band(name=name, **facts) for name, facts in _document("bands")["bands"].items())


@cache
def packaged() -> tuple[Library, ...]:
    """The packaged templates: stars, white dwarfs, brown dwarfs, galaxies, quasars."""
    spectra = _document("spectra")
    hot = [(f"{kelvin} K", black_body(kelvin)) for kelvin in spectra["white_dwarf"]["temperatures_k"]]
    quasars = [(f"slope {slope:g}", quasar(slope, spectra["quasar"])) for slope in spectra["quasar"]["slopes"]]
    return (
        _of_colours("star"),
        _of_spectra("white_dwarf", hot),
        _of_colours("brown_dwarf"),
        _of_spectra("galaxy", list(_galaxies(spectra["galaxy"]))),
        _of_spectra("quasar", quasars),
    )


def with_folder(folder: Path) -> tuple[Library, ...]:
    """Templates of a folder, `<class>/<name>.ecsv` or `.csv`, and the packaged ones of all other classes.

    Files have two columns, wavelength and flux. Wavelengths are in Angstrom and flux is per wavelength, unless units in
    an ECSV file say otherwise. Templates of galaxies and quasars are in their own frame, and seen at redshifts.

    Raises:
        BadOption: there is no such folder, or no template in it.
        BadFile: a file is no template.
    """
    if not folder.is_dir():
        raise BadOption(f"--templates {folder}: there is no such folder")
    own = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        found = [(path.stem, _read(path)) for path in sorted(place.iterdir()) if path.suffix.lower() in _SUFFIXES]
        name = re.sub(r"\W+", "_", place.name.lower()).strip("_")
        if found and name:
            own.append(_of_spectra(name, found))
    if not own:
        raise BadOption(
            f"--templates {folder}: no template there; they are files CLASS/NAME.ecsv or .csv of that folder"
        )
    named = {library.name for library in own}
    return (*(library for library in packaged() if library.name not in named), *own)


def synthetic(spectrum: Spectrum, redshift: float = 0.0) -> Doubles:
    """AB magnitudes of a spectrum at a redshift, up to a constant, in bands that are even over their widths.

    Returns:
        Shape (bands,); NaN where a band is not covered.
    """
    found = []
    for band in bands():
        half = band.width_um / 2
        observed = np.linspace(band.wavelength_um - half, band.wavelength_um + half, _SAMPLES)
        flux = spectrum(observed / (1 + redshift)) * (transmission(observed, redshift) if redshift else 1.0)
        # Photons are counted: f_nu d(ln wavelength).
        found.append(np.trapezoid(flux / observed, observed) / np.trapezoid(1 / observed, observed))
    flux = np.array(found)
    brightest = np.fmax.reduce(flux)
    magnitudes: Doubles = -2.5 * np.log10(np.maximum(flux, brightest * 10 ** (-0.4 * _FAINTEST_MAG)))
    return magnitudes


def _of_spectra(name: str, spectra: Sequence[tuple[str, Spectrum]]) -> Library:
    document = _document("bands")
    grid = document["redshifts"].get(name)
    redshifts = [np.nan] if grid is None else np.arange(grid[0], grid[1] + grid[2] / 2, grid[2]).round(3).tolist()
    each = [
        (title, redshift, synthetic(spectrum, 0.0 if np.isnan(redshift) else redshift))
        for title, spectrum in spectra
        for redshift in redshifts
    ]
    titles, shifts, magnitudes = zip(*each, strict=True)
    return Library(name, titles, np.array(shifts), np.array(magnitudes), _scatter(name))


def _of_colours(name: str) -> Library:
    document = _document("dwarfs")
    pairs = [text.split("-") for text in document["colours"]]
    assert [pairs[0][0], *(other for _, other in pairs)] == [band.name for band in bands()]
    rows = [[np.nan if value == "" else float(value) for value in row] for row in document[name].values()]
    colours, types = np.array(rows), list(document[name])
    places = np.linspace(0, len(types) - 1, document["steps"] * (len(types) - 1) + 1)
    fine = np.column_stack([np.interp(places, np.arange(len(types)), column) for column in colours.T])
    # From the red end, which every type has: m(blue) = m(red) + colour.
    vega = np.cumsum(np.column_stack([fine, np.zeros(len(fine))])[:, ::-1], axis=1)[:, ::-1]
    own = [band.ab_minus_vega if band.system == "Vega" else 0.0 for band in bands()]
    titles = tuple(types[round(place)] for place in places)
    return Library(name, titles, np.full(len(places), np.nan), vega + np.array(own), _scatter(name))


def _galaxies(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Spectrum]]:
    wavelength = np.array(parameters["wavelength_um"])
    kinds = [(name, 10 ** (-0.4 * np.array(row))) for name, row in parameters["kinds"].items()]
    for (name, flux), (other, other_flux) in zip(kinds, [*kinds[1:], kinds[-1]], strict=True):
        for share in parameters["mixes"] if name != other else [0.0]:
            title = name if share == 0 else f"{name} to {other}"
            yield title, broken_line(wavelength, -2.5 * np.log10((1 - share) * flux + share * other_flux))


def _scatter(name: str) -> float:
    scatter = _document("bands")["scatter_mag"]
    return float(scatter.get(name, scatter["other"]))


def _read(path: Path) -> Spectrum:
    """A template of a file."""
    import astropy.units as u
    from astropy.table import Table

    try:
        table = Table.read(path, format=_SUFFIXES[path.suffix.lower()])
        wavelength, flux = (table[name] for name in ("wavelength", "flux"))
        length = u.Quantity(wavelength, wavelength.unit or u.AA).to(u.um)
        per_frequency: Doubles = np.ma.filled(np.ma.asarray(flux, float), np.nan)
        unit = flux.unit
        if unit is None or not unit.is_equivalent(u.Jy):
            per_frequency = per_frequency * length.value**2
        values = np.asarray(length.value, float)
    except KeyError as error:
        raise BadFile(f"{path}: a template has the columns wavelength and flux; {error} is missing") from None
    except (ValueError, TypeError, OSError, u.UnitConversionError) as error:
        raise BadFile(f"{path}: no template: {str(error).splitlines()[0]}") from None
    if len(values) < 2 or not (np.isfinite(values).all() and np.isfinite(per_frequency).all()):
        raise BadFile(f"{path}: a template has two finite numbers a row, and two rows at least")
    order = np.argsort(values)
    if (values <= 0).any() or (np.diff(values[order]) == 0).any() or not (per_frequency > 0).any():
        raise BadFile(f"{path}: wavelengths are positive and none is there twice, and somewhere there is flux")
    return sampled(values[order], np.maximum(per_frequency[order], 0.0))


@cache
def _document(name: str) -> dict[str, Any]:
    return tomllib.loads(files(_PACKAGE).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def class_names(libraries: Iterable[Library]) -> tuple[str, ...]:
    """Names of the classes that have templates."""
    return tuple(library.name for library in libraries)
